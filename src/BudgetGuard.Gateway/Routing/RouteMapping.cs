using BudgetGuard.Gateway.Errors;
using BudgetGuard.Gateway.Forwarding;

namespace BudgetGuard.Gateway.Routing;

/// <summary>Makes endpoints of the table, each with all that the guard has to know of it.</summary>
internal static class RouteMapping
{
    public static void MapGatewayRoutes(this WebApplication app)
    {
        Upstreams upstreams = app.Services.GetRequiredService<Upstreams>();
        foreach (GatewayRoute route in GatewayRoutes.All)
        {
            RequestDelegate answer = upstreams.Find(route.Vendor) is { } upstream ? upstream.ForwardAsync : route.Simulated ?? NotSimulatedAsync;
            Map(app, route, route.Pattern, answer);
            Map(app, route, Vendors.PrefixOf(route.Vendor) + route.Pattern, answer);
        }
    }

    private static void Map(WebApplication app, GatewayRoute route, string pattern, RequestDelegate answer)
    {
        // Naming no budget still guards the route whatever the path filters say.
        IEndpointConventionBuilder endpoint = app.MapMethods(pattern, [route.Method], answer)
            .RequireBudget()
            .WithOperation(route.Operation)
            .WithResponseFormat(Vendors.FormatOf(route.Vendor))
            .WithMetadata(route);
        if (route.ModelApi is { } api)
        {
            endpoint.WithModelApi(api);
        }

        if (route.IsFree)
        {
            endpoint.WithCost(0m).RequireRateLimiting(FreeRoutes.Policy);
        }
    }

    private static Task NotSimulatedAsync(HttpContext context) => DialectErrors.WriteAsync(
        context,
        StatusCodes.Status501NotImplemented,
        "not_simulated",
        "The simulated model makes no images and no audio; this route needs an upstream.");
}
