using BudgetGuard.Gateway.Errors;

namespace BudgetGuard.Gateway.Routing;

/// <summary>Answers what is no route, in a shape that its client can read; before the guard, because nothing is spent.</summary>
internal sealed class UnroutedMiddleware(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context) => context.GetEndpoint() switch
    {
        null => DialectErrors.WriteAsync(
            context, StatusCodes.Status404NotFound, "unknown_route", "There is no such route; what the gateway does not know is never forwarded."),
        RouteEndpoint => next(context),

        // Routing's own endpoint for a path that takes other methods.
        { RequestDelegate: { } answer } => RefuseMethodAsync(context, answer),
        _ => next(context),
    };

    private static async Task RefuseMethodAsync(HttpContext context, RequestDelegate answer)
    {
        await answer(context);
        if (context.Response.StatusCode == StatusCodes.Status405MethodNotAllowed)
        {
            await DialectErrors.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "method_not_allowed", "This route does not take that method.");
        }
    }
}
