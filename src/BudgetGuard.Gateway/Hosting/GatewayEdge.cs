using BudgetGuard.Gateway.Errors;
using Microsoft.Extensions.Primitives;

namespace BudgetGuard.Gateway.Hosting;

/// <summary>
/// The outermost step: counts requests in flight, so that none is left unsettled at the end, refuses tunnels, and answers where everything else failed.
/// </summary>
internal sealed partial class GatewayEdge(RequestDelegate next, RequestsInFlight inFlight, ILogger<GatewayEdge> logger)
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
        catch (Exception fault) when (IsAnswerable(context))
        {
            await AnswerAsync(context, fault);
        }
        catch (Exception fault) when (IsBrokenOff(fault))
        {
            // Told of where it happened; the client must not take what came for all.
            context.Abort();
        }
        finally
        {
            inFlight.Leave();
        }
    }

    private static bool IsTunnel(HttpRequest request) =>
        !StringValues.IsNullOrEmpty(request.Headers.Upgrade) || HttpMethods.IsConnect(request.Method);

    private static bool IsAnswerable(HttpContext context) => !context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested;

    private static bool IsBrokenOff(Exception fault) => fault is HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded };

    private Task AnswerAsync(HttpContext context, Exception fault)
    {
        context.Response.Clear();
        if (fault is BadHttpRequestException refused)
        {
            return DialectErrors.WriteAsync(context, refused.StatusCode, "invalid_request", "The request could not be read.");
        }

        if (IsBrokenOff(fault))
        {
            return DialectErrors.WriteAsync(context, StatusCodes.Status502BadGateway, "upstream_broke_off", "The model provider broke the call off.");
        }

        LogFailed(logger, fault);
        return DialectErrors.WriteAsync(context, StatusCodes.Status500InternalServerError, "internal_error", "The gateway failed; nothing more is known here.");
    }

    [LoggerMessage(11, LogLevel.Error, "A request failed.", EventName = "RequestFailed")]
    private static partial void LogFailed(ILogger logger, Exception fault);
}
