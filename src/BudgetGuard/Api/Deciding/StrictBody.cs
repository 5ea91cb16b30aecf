using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using BudgetGuard.Estimation;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace BudgetGuard.Api.Deciding;

/// <summary>Reads a body as exactly one JSON object of a type, within bounds of size and time, or says which member is to blame.</summary>
internal static class StrictBody
{
    private const int Start = 4 * 1024;

    /// <param name="context">The request.</param>
    /// <param name="type">What the body must be.</param>
    /// <param name="maxBytes">How large it may be.</param>
    /// <param name="clock">What bounds how long it may take to arrive.</param>
    public static async Task<(T? Value, Problem? Problem)> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type, long maxBytes, TimeProvider clock)
        where T : class
    {
        if (!IsPlainJson(context.Request))
        {
            return (null, Problem.Of(
                StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type", "The body must be application/json in UTF-8, not compressed."));
        }

        if (context.Request.ContentLength > maxBytes)
        {
            return (null, TooLarge(maxBytes));
        }

        using var deadline = new ReadDeadline(InspectedBody.ReadTimeout, clock, context.RequestAborted);
        try
        {
            ReadOnlyMemory<byte>? body = await ReadAsync(context.Request.Body, maxBytes, deadline).ConfigureAwait(false);
            return body is { } whole ? Parse(whole, type) : (null, TooLarge(maxBytes));
        }
        catch (OperationCanceledException) when (deadline.IsLate)
        {
            return (null, Problem.Of(StatusCodes.Status408RequestTimeout, "request_timeout", "The body did not arrive in time."));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return (null, Problem.ClientLeft());
        }
        catch (BadHttpRequestException refused)
        {
            return (null, Problem.Of(refused.StatusCode, "invalid_body", "The body could not be read."));
        }
        catch (IOException)
        {
            return (null, Problem.Of(StatusCodes.Status400BadRequest, "invalid_body", "The body broke off."));
        }
    }

    private static Problem TooLarge(long maxBytes) =>
        Problem.Of(StatusCodes.Status413PayloadTooLarge, "body_too_large", $"The body is larger than {maxBytes} bytes.");

    private static bool IsPlainJson(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)
            || !type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || (type.Charset.HasValue && !type.Charset.Value.AsSpan().Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
        {
            return false;
        }

        return request.Headers.ContentEncoding.Count == 0
            || string.Equals(request.Headers.ContentEncoding.ToString(), "identity", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The whole body; null if it is larger than it may be.</summary>
    private static async Task<ReadOnlyMemory<byte>?> ReadAsync(Stream source, long maxBytes, ReadDeadline deadline)
    {
        byte[] buffer = new byte[Start];
        int length = 0;
        int read;
        while ((read = await deadline.ReadAsync(source, buffer.AsMemory(length)).ConfigureAwait(false)) > 0)
        {
            length += read;
            if (length > maxBytes)
            {
                return null;
            }

            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, (int)Math.Min(length * 2L, Array.MaxLength));
            }
        }

        return buffer.AsMemory(0, length);
    }

    private static (T? Value, Problem? Problem) Parse<T>(ReadOnlyMemory<byte> body, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(body.Span, type) is not { } value ? (null, NoObject())
                : Utf8.IsValid(body.Span) ? (value, null)
                : (null, NoJson());
        }
        catch (JsonException failure)
        {
            return (null, Explain(body.Span, failure.Path, type));
        }
    }

    private static Problem NoObject() => Problem.Of(StatusCodes.Status400BadRequest, "invalid_json", "The body must be one JSON object.");

    private static Problem NoJson() => Problem.Of(StatusCodes.Status400BadRequest, "invalid_json", "The body is not valid JSON in UTF-8.");

    private static Problem Explain(ReadOnlySpan<byte> body, string? path, JsonTypeInfo type)
    {
        if (path is null || !path.StartsWith("$.", StringComparison.Ordinal) && !path.StartsWith("$['", StringComparison.Ordinal))
        {
            return body.TrimStart(" \t\r\n"u8).StartsWith("{"u8)
                ? NoJson()
                : NoObject();
        }

        string name = path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : path[3..].TrimEnd(']', '\'');
        string top = TopOf(name, type);
        return !IsKnown(top, type) ? Problem.Of(Diagnostics.GuardLog.Printable(name), "is not known here")
            : CountOf(body, top) > 1 ? Problem.Of(top, "is there twice")
            : Problem.Of(top, "is not what it must be: it has another type, is out of range, or says one thing twice");
    }

    /// <summary>The member of the body that a path begins with.</summary>
    private static string TopOf(string path, JsonTypeInfo type)
    {
        int end = path.AsSpan().IndexOfAny('.', '[');
        return end > 0 && IsKnown(path[..end], type) ? path[..end] : path;
    }

    private static bool IsKnown(string name, JsonTypeInfo type)
    {
        foreach (JsonPropertyInfo property in type.Properties)
        {
            if (string.Equals(property.Name, name, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static int CountOf(ReadOnlySpan<byte> body, string name)
    {
        var json = new Utf8JsonReader(body);
        int count = 0;
        try
        {
            while (json.Read())
            {
                count += json.TokenType == JsonTokenType.PropertyName && json.CurrentDepth == 1 && json.ValueTextEquals(name) ? 1 : 0;
            }
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // What comes behind the first fault is not told of.
        }

        return count;
    }
}
