using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace BudgetGuard.Metering;

/// <summary>
/// Reads how a request ended. Cut short comes before the status: while an exception passes, the status is still 200, and a proxy answers 400 for a client that left.
/// </summary>
internal static class Outcomes
{
    public static RequestOutcome Of(HttpContext context, Exception? failure)
    {
        // Read from the features themselves: the context would look each of them up anew after the guard has set one of its own.
        var lifetime = (IHttpRequestLifetimeFeature?)context.Features[typeof(IHttpRequestLifetimeFeature)];
        var response = (IHttpResponseFeature?)context.Features[typeof(IHttpResponseFeature)];
        int status = response?.StatusCode ?? StatusCodes.Status200OK;
        if (lifetime is { RequestAborted.IsCancellationRequested: true } || IsCutShort(status, response?.HasStarted ?? false, failure))
        {
            return RequestOutcome.CutShort;
        }

        return failure is not null || status >= StatusCodes.Status400BadRequest ? RequestOutcome.NothingUsed : RequestOutcome.EstimateUsed;
    }

    /// <summary>True where work had begun upstream and may have cost money although no answer came of it.</summary>
    private static bool IsCutShort(int status, bool hasStarted, Exception? failure) => failure switch
    {
        null => status is StatusCodes.Status504GatewayTimeout or StatusCodes.Status499ClientClosedRequest,
        OperationCanceledException or TimeoutException or HttpIOException or ConnectionResetException => true,
        BadHttpRequestException broken => hasStarted || IsBrokenOff(broken),
        HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } => true,
        _ => hasStarted,
    };

    /// <summary>
    /// True where the client broke its upload off. The server tells whoever reads the body, by a type of its own, before it cancels the request's token.
    /// </summary>
    private static bool IsBrokenOff(BadHttpRequestException failure) =>
        failure.StatusCode is StatusCodes.Status400BadRequest or StatusCodes.Status408RequestTimeout && failure.GetType() != typeof(BadHttpRequestException);
}
