using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using BudgetGuard.Alerts.Delivery;

namespace BudgetGuard.Alerts.Sinks;

/// <summary>What a receiver answered.</summary>
/// <param name="Status">The status code.</param>
/// <param name="RetryAfter">How long it asked to wait, with a cap; null if it did not say.</param>
/// <param name="Body">Of a failure: the beginning of the body. It may say anything, secrets included.</param>
internal readonly record struct AlertAnswer(int Status, TimeSpan? RetryAfter, string Body)
{
    public bool IsSuccess => Status is >= 200 and < 300;
}

/// <summary>Posts alerts, each exactly once. Nothing of an address appears in what it throws.</summary>
internal sealed class AlertHttp(IHttpClientFactory clients, TimeProvider time)
{
    public const string PublicClient = "BudgetGuard.Alerts";
    public const string PrivateClient = "BudgetGuard.Alerts.Private";
    public const string JsonType = "application/json";

    private const int MaxAnswerBytes = 64 * 1024;

    /// <exception cref="AlertDeliveryException">There was no answer.</exception>
    public async ValueTask<AlertAnswer> PostAsync(AlertPost post, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using HttpClient client = clients.CreateClient(post.AllowPrivateNetworks ? PrivateClient : PublicClient);
        using HttpRequestMessage request = NewRequest(post);
        try
        {
            using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            int status = (int)response.StatusCode;

            // A success says nothing more, and waiting for its body would make a failure of it where the body hangs.
            string body = response.IsSuccessStatusCode ? string.Empty : await ReadAsync(response.Content, cancellationToken).ConfigureAwait(false);
            return new AlertAnswer(status, RetryAfter(response.Headers), body);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // Whatever a call breaks off with, it was told to.
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException or IOException or SocketException)
        {
            // Without the cause: its text may name the address.
            throw new AlertDeliveryException(Reason(failure)) { IsPermanent = Inner<PrivateAddressException>(failure) is not null };
        }
    }

    /// <summary>Posts, and makes an exception of an answer that is no success by the rules of HTTP.</summary>
    public async ValueTask SendAsync(AlertPost post, CancellationToken cancellationToken)
    {
        AlertAnswer answer = await PostAsync(post, cancellationToken).ConfigureAwait(false);
        if (!answer.IsSuccess)
        {
            throw Failure(answer);
        }
    }

    public static AlertDeliveryException Failure(AlertAnswer answer, string? detail = null)
    {
        string status = answer.Status.ToString(CultureInfo.InvariantCulture);
        string what = answer.Status is >= 300 and < 400
            ? $"The receiver redirects ({status}); redirects are not followed, the address it points to has to be configured."
            : $"The receiver answered {status}{(detail is null ? string.Empty : $" ({detail})")}.";
        return new AlertDeliveryException(what) { IsPermanent = IsPermanent(answer.Status), RetryAfter = answer.RetryAfter };
    }

    /// <summary>A wait as it is granted: not negative, not longer than the cap.</summary>
    public static TimeSpan Capped(TimeSpan wait) => wait < TimeSpan.Zero ? TimeSpan.Zero : wait > SinkPipeline.LongestRetryAfter ? SinkPipeline.LongestRetryAfter : wait;

    private static bool IsPermanent(int status) => status is >= 300 and < 500 and not (408 or 425 or 429);

    private static HttpRequestMessage NewRequest(AlertPost post)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, HiddenAddressHandler.Origin(post.Url)) { Content = new ByteArrayContent(post.Body) };
        request.Options.Set(HiddenAddressHandler.Address, post.Url);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("BudgetGuard", null));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(post.ContentType) { CharSet = "utf-8" };
        foreach ((string name, string value) in post.Headers)
        {
            request.Headers.Add(name, value);
        }

        return request;
    }

    private static async ValueTask<string> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        try
        {
            using Stream stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            byte[] buffer = new byte[MaxAnswerBytes];
            int read = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            return Encoding.UTF8.GetString(buffer, 0, read);
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException && !cancellationToken.IsCancellationRequested)
        {
            // The status says enough.
            return string.Empty;
        }
    }

    private TimeSpan? RetryAfter(HttpResponseHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues("Retry-After", out HeaderStringValues values))
        {
            return null;
        }

        string value = values.ToString().Trim();
        if (value.Length > 0 && value.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0)
        {
            // More digits than a number has is a long time in any case.
            return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) ? Capped(TimeSpan.FromSeconds(seconds)) : SinkPipeline.LongestRetryAfter;
        }

        return RetryConditionHeaderValue.TryParse(value, out RetryConditionHeaderValue? parsed) && parsed.Date is { } date ? Capped(date - time.GetUtcNow()) : null;
    }

    private static string Reason(Exception failure)
    {
        if (Inner<PrivateAddressException>(failure) is { } isPrivate)
        {
            return $"Not sent. {isPrivate.Message} AllowPrivateNetworks would allow it.";
        }

        if (Inner<AuthenticationException>(failure) is not null)
        {
            return "The receiver's TLS certificate was not accepted, or it does not speak TLS.";
        }

        if (Inner<SocketException>(failure) is { } socket)
        {
            return $"The connection failed: {socket.SocketErrorCode}.";
        }

        return failure is HttpRequestException { HttpRequestError: not HttpRequestError.Unknown and var error }
            ? $"The connection failed: {error}."
            : failure is OperationCanceledException ? "The receiver did not answer in time." : "The connection failed.";
    }

    private static T? Inner<T>(Exception? failure)
        where T : Exception
    {
        while (failure is not null and not T)
        {
            failure = failure.InnerException;
        }

        return (T?)failure;
    }
}

/// <summary>One message to a receiver.</summary>
internal sealed class AlertPost(Uri url, byte[] body, bool allowPrivateNetworks)
{
    public Uri Url => url;

    public byte[] Body => body;

    public bool AllowPrivateNetworks => allowPrivateNetworks;

    public string ContentType { get; init; } = AlertHttp.JsonType;

    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];
}
