using BudgetGuard.Gateway.Errors;
using BudgetGuard.Gateway.Forwarding;
using BudgetGuard.Gateway.Settings;

namespace BudgetGuard.Gateway.Routing;

/// <summary>Makes endpoints of the table, each with all that the guard has to know of it.</summary>
internal static class RouteMapping
{
    public static void MapGatewayRoutes(this WebApplication app)
    {
        Upstreams upstreams = app.Services.GetRequiredService<Upstreams>();
        bool isSimulated = !app.Services.GetRequiredService<GatewaySettings>().HasUpstream;
        foreach (GatewayRoute route in GatewayRoutes.All)
        {
            RequestDelegate? answer = upstreams.Find(route.Vendor) is { } upstream ? upstream.ForwardAsync : isSimulated ? route.Simulated : null;
            foreach (string pattern in (ReadOnlySpan<string>)[route.Pattern, Vendors.PrefixOf(route.Vendor) + route.Pattern])
            {
                if (answer is not null)
                {
                    Map(app, route, pattern, answer);
                }
                else
                {
                    MapUnanswered(app, route, pattern, isSimulated);
                }
            }
        }
    }

    /// <summary>Not guarded: what nothing can answer is no question of money.</summary>
    private static void MapUnanswered(WebApplication app, GatewayRoute route, string pattern, bool isSimulated)
    {
        string name = Vendors.NameOf(route.Vendor);
        (string code, string message) = isSimulated
            ? ("not_simulated", "The simulated model makes no images and no audio; this route needs an upstream.")
            : ("no_upstream", $"No upstream is configured for {name}; Gateway:Upstreams:{name}:Address says where its requests go.");
        app.MapMethods(pattern, [route.Method], context => DialectErrors.WriteAsync(context, StatusCodes.Status501NotImplemented, code, message))
            .DisableBudgetGuard()
            .WithMetadata(route);
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
}
