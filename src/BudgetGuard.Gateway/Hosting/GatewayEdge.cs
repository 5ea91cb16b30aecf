using BudgetGuard.Gateway.Errors;
using Microsoft.Extensions.Primitives;

namespace BudgetGuard.Gateway.Hosting;

/// <summary>The outermost step: counts requests in flight, so that none is left unsettled at the end, and refuses tunnels.</summary>
internal sealed class GatewayEdge(RequestDelegate next, RequestsInFlight inFlight)
{
    public async Task InvokeAsync(HttpContext context)
    {
        inFlight.Enter();
        try
        {
            await (IsTunnel(context.Request)
                ? DialectErrors.WriteAsync(
                    context, StatusCodes.Status400BadRequest, "upgrade_refused", "Connections cannot be upgraded: what passes through a tunnel has no price.")
                : next(context));
        }
        finally
        {
            inFlight.Leave();
        }
    }

    private static bool IsTunnel(HttpRequest request) =>
        !StringValues.IsNullOrEmpty(request.Headers.Upgrade) || HttpMethods.IsConnect(request.Method);
}
