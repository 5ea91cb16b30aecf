using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Metering;

/// <summary>
/// Reads how a request ended. Cut short comes before the status: while an exception passes, the status is still 200, and a proxy answers 400 for a client that left.
/// </summary>
internal static class Outcomes
{
    public static RequestOutcome Of(HttpContext context, Exception? failure)
    {
        if (context.RequestAborted.IsCancellationRequested || IsCutShort(context, failure))
        {
            return RequestOutcome.EstimateUsed;
        }

        return failure is not null || context.Response.StatusCode >= StatusCodes.Status400BadRequest
            ? RequestOutcome.NothingUsed
            : RequestOutcome.EstimateUsed;
    }

    /// <summary>True where work had begun upstream and may have cost money although no answer came of it.</summary>
    private static bool IsCutShort(HttpContext context, Exception? failure) => failure switch
    {
        null => context.Response.StatusCode is StatusCodes.Status504GatewayTimeout or StatusCodes.Status499ClientClosedRequest,
        OperationCanceledException or TimeoutException or HttpIOException => true,
        HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } => true,
        _ => context.Response.HasStarted,
    };
}
