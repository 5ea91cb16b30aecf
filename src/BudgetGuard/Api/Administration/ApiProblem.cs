using System.Text.Json;
using BudgetGuard.Responses;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Api.Administration;

/// <summary>A request to the API that is answered with a problem (RFC 9457). What it says is for the client.</summary>
internal sealed class ApiProblemException(int status, string code, string detail) : Exception(detail)
{
    public int Status { get; } = status;

    public string Code { get; } = code;

    public static ApiProblemException Invalid(string detail) => new(StatusCodes.Status400BadRequest, "invalid_request", detail);

    public static ApiProblemException NotFound(string detail) => new(StatusCodes.Status404NotFound, "not_found", detail);

    public static ApiProblemException Conflict(string detail) => new(StatusCodes.Status409Conflict, "conflict", detail);
}

/// <summary>Writes problems.</summary>
internal static class ApiProblem
{
    public const string MediaType = "application/problem+json";

    public static async Task WriteAsync(HttpContext context, int status, string code, string detail)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = MediaType;
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            ErrorShapes.WriteProblem(json, $"urn:budgetguard:{code}", TitleOf(status), status, detail);
            json.WriteEndObject();
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.ContentLength = buffer.WrittenCount;
            await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
        }
    }

    private static string TitleOf(int status) => status switch
    {
        StatusCodes.Status400BadRequest => "The request is not valid",
        StatusCodes.Status401Unauthorized => "A key is needed",
        StatusCodes.Status403Forbidden => "This is not for the caller",
        StatusCodes.Status404NotFound => "There is no such thing",
        StatusCodes.Status405MethodNotAllowed => "The route does not take this method",
        StatusCodes.Status409Conflict => "The request does not fit the state of things",
        StatusCodes.Status413PayloadTooLarge => "The body is too large",
        StatusCodes.Status415UnsupportedMediaType => "The body is not JSON",
        StatusCodes.Status429TooManyRequests => "Too many requests",
        StatusCodes.Status501NotImplemented => "The store cannot do this",
        _ => "The budget guard is unavailable",
    };
}
