using BudgetGuard.Gateway.Errors;
using BudgetGuard.Gateway.Routing;

namespace BudgetGuard.Gateway.Callers;

/// <summary>Lets only known keys pass to the routes; before the guard, which asks whom they stand for.</summary>
internal sealed class CallerKeysMiddleware(RequestDelegate next, CallerKeys keys)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (keys.IsEmpty || context.GetEndpoint()?.Metadata.GetMetadata<GatewayRoute>() is not { } route)
        {
            return next(context);
        }

        if (keys.Find(context.Request, route.Vendor == Vendor.Gemini) is not { } caller)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return DialectErrors.WriteAsync(context, StatusCodes.Status401Unauthorized, "invalid_api_key", "A valid key is needed; the one that was sent, if any, is not known here.");
        }

        context.Features.Set(caller);
        return next(context);
    }
}
