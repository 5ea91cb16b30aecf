using System.Buffers;
using System.Globalization;
using System.Text.Json;
using BudgetGuard.Api;
using BudgetGuard.Configuration;
using BudgetGuard.Estimation;
using BudgetGuard.Filtering;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace BudgetGuard.Responses;

/// <summary>Writes what the guard itself answers. Always with a body and its type, so that error pages leave it alone.</summary>
internal sealed class GuardResponses(SettingsSource settings, TimeProvider time)
{
    private const string BudgetHeader = "X-BudgetGuard-Budget";
    private const string RemainingHeader = "X-BudgetGuard-Remaining";
    private const string EstimateHeader = "X-BudgetGuard-Estimate";
    private const string ShadowHeader = "X-BudgetGuard-Shadow";
    private const string ShouldRetryHeader = "x-should-retry";

    /// <summary>What an allowed answer says about its budget. Set before the app runs, so that the app may take it away.</summary>
    public void AddHeaders(HttpResponse response, GuardedRequest request)
    {
        GuardSettings current = settings.Current;
        if (!current.ResponseHeaders || response.HasStarted)
        {
            return;
        }

        IHeaderDictionary headers = response.Headers;
        if (request.Budget is { } budget)
        {
            headers[BudgetHeader] = budget;
        }

        if (current.ExposeAmounts)
        {
            if (request.Remaining is { } remaining)
            {
                headers[RemainingHeader] = Plain(remaining);
            }

            headers[EstimateHeader] = Plain(request.Estimated.Cost);
        }

        if (request.Shadow is { } shadow)
        {
            headers[ShadowHeader] = $"{Diagnostics.DecisionNames.Of(shadow.Kind)}; budget=\"{shadow.Budget}\"";
        }
    }

    public static int StatusOf(Denial denial) =>
        denial.Kind == DecisionKind.Throttle ? StatusCodes.Status429TooManyRequests : StatusCodes.Status402PaymentRequired;

    /// <summary>402 or 429.</summary>
    public Task DenyAsync(HttpContext context, BudgetRequest request, Denial denial)
    {
        DenialBody body = BodyOf(request, denial);
        (string name, string value) = RetryHeader(body);
        context.Response.Headers[name] = value;
        return WriteAsync(context, StatusOf(denial), FormatOf(context), body, static (json, format, state) => state.Write(json, format));
    }

    /// <summary>The body of a denial that somebody else sends.</summary>
    public DenialBody BodyOf(BudgetRequest request, Denial denial) => new(denial, request, RetryAfterSeconds(denial), settings.Current);

    /// <summary>The header that says whether and when to come back.</summary>
    public static (string Name, string Value) RetryHeader(in DenialBody body) => body.RetryAfter is { } seconds
        ? (HeaderNames.RetryAfter, seconds.ToString(CultureInfo.InvariantCulture))
        : (ShouldRetryHeader, "false");

    /// <summary>503: the policy or the store failed, and a budget of the request is closed on failure.</summary>
    public Task UnavailableAsync(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "1";
        return ErrorAsync(context, new ErrorBody(StatusCodes.Status503ServiceUnavailable, "unavailable", "Budget guard unavailable", 1));
    }

    /// <summary>The client's fault: a body that cannot be read one way, a name that is ambiguous, a model without a price.</summary>
    public Task RefuseAsync(HttpContext context, ModelRequestError error) =>
        ErrorAsync(context, new ErrorBody(error.Status, error.Code, error.Message, null));

    private Task ErrorAsync(HttpContext context, ErrorBody body) =>
        WriteAsync(context, body.Status, FormatOf(context), body, static (json, format, state) => state.Write(json, format));

    private ResponseFormat FormatOf(HttpContext context) => EndpointTerms.Of(context.GetEndpoint())?.ResponseFormat ?? settings.Current.ResponseFormat;

    private static async Task WriteAsync<T>(
        HttpContext context, int status, ResponseFormat format, T body, Action<Utf8JsonWriter, ResponseFormat, T> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            write(json, format, body);
        }

        HttpResponse response = context.Response;
        response.StatusCode = status;
        response.ContentType = ContentTypeOf(format);
        response.ContentLength = buffer.WrittenCount;
        response.Headers.CacheControl = "no-store";
        if (!HttpMethods.IsHead(context.Request.Method) && !context.RequestAborted.IsCancellationRequested)
        {
            await response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
        }
    }

    public static string ContentTypeOf(ResponseFormat format) => format == ResponseFormat.ProblemDetails ? "application/problem+json" : "application/json";

    private static string Plain(Money amount) => amount.Usd.ToString(CultureInfo.InvariantCulture);

    /// <summary>The first whole second at which the request would be admitted if nothing else changed; null on a reject.</summary>
    private long? RetryAfterSeconds(Denial denial)
    {
        if (denial.Kind != DecisionKind.Throttle || denial.RetryAt is not { } at)
        {
            return null;
        }

        long ticks = (at - time.GetUtcNow()).Ticks;
        return Math.Max(1, (ticks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond);
    }
}
