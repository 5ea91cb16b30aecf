using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace BudgetGuard.Api.Administration;

/// <summary>Reads what the API is sent and writes what it answers.</summary>
internal static class ApiAnswer
{
    private const int MostBodyBytes = 64 * 1024;

    public static Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type) =>
        context.Response.WriteAsJsonAsync(value, type, "application/json; charset=utf-8", context.RequestAborted);

    /// <summary>Reads a body that is one JSON object of known members. A form, which any web page may send, is none.</summary>
    public static async Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type)
    {
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out MediaTypeHeaderValue? media)
            || !media.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || !(media.Charset.Length == 0 || media.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
        {
            throw new ApiProblemException(StatusCodes.Status415UnsupportedMediaType, "not_json", "A body of application/json is expected.");
        }

        byte[] body = ArrayPool<byte>.Shared.Rent(MostBodyBytes + 1);
        try
        {
            int length = await context.Request.Body.ReadAtLeastAsync(body.AsMemory(0, MostBodyBytes + 1), MostBodyBytes + 1, throwOnEndOfStream: false, context.RequestAborted);
            return length <= MostBodyBytes
                ? JsonSerializer.Deserialize(body.AsSpan(0, length), type) ?? throw ApiProblemException.Invalid("The body is null; an object is expected.")
                : throw new ApiProblemException(StatusCodes.Status413PayloadTooLarge, "too_large", "The body is longer than 64 KiB.");
        }
        catch (JsonException fault)
        {
            throw ApiProblemException.Invalid(Describe(fault));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(body);
        }
    }

    /// <summary>The serializer's own words name types of this program.</summary>
    private static string Describe(JsonException fault) => fault.Message switch
    {
        _ when Quoted(fault.Message, "The JSON property '") is { } unknown => $"'{unknown}' is no member of this request.",
        _ when fault.Message.Contains("was missing required properties", StringComparison.Ordinal) && Quoted(fault.Message, "including: '") is { } missing => $"'{missing}' is missing.",
        _ when fault.Message.Contains("uplicate", StringComparison.Ordinal) => $"A member is there twice, at {fault.Path ?? "$"}.",
        _ => $"The body is not as expected at {(string.IsNullOrEmpty(fault.Path) ? "$" : fault.Path)}.",
    };

    private static string? Quoted(string message, string before)
    {
        int start = message.IndexOf(before, StringComparison.Ordinal);
        if (start < 0)
        {
            return null;
        }

        start += before.Length;
        int end = message.IndexOf('\'', start);
        return end < 0 || end - start > 64 ? null : message[start..end];
    }
}
