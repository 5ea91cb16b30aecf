using System.Buffers;
using System.Globalization;
using System.Text.Json;
using BudgetGuard.Responses;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Api.Deciding;

/// <summary>An answer that is no decision, as RFC 9457 problem details; written without the JSON options of the app, so that it is the same in each.</summary>
internal sealed class Problem : IResult, IStatusCodeHttpResult
{
    private Problem(int status, string code, string detail)
    {
        Status = status;
        Code = code;
        Detail = detail;
    }

    public int Status { get; }

    public string Code { get; }

    public string Detail { get; }

    /// <summary>The member of the request's body that is to blame; null if it is none of them.</summary>
    public string? Field { get; private init; }

    /// <summary>Seconds after which asking again may help.</summary>
    public int? RetryAfter { get; private init; }

    int? IStatusCodeHttpResult.StatusCode => Status;

    /// <summary>400: a member of the body.</summary>
    public static Problem Of(string field, string what) => Of(field, what, StatusCodes.Status400BadRequest);

    /// <summary>A member of the body.</summary>
    public static Problem Of(string field, string what, int status) => new(status, "invalid_request", $"'{field}' {what}.") { Field = field };

    /// <summary>The body as a whole, or what it is sent with.</summary>
    public static Problem Of(int status, string code, string detail) => new(status, code, detail);

    /// <summary>499: nobody reads it.</summary>
    public static Problem ClientLeft() => new(StatusCodes.Status499ClientClosedRequest, "client_closed_request", "The client left.");

    /// <summary>404: also where the hold is another caller's.</summary>
    public static Problem NoHold() => new(StatusCodes.Status404NotFound, "hold_not_found", "There is no such hold.");

    /// <summary>409.</summary>
    public static Problem Conflict(string detail) => new(StatusCodes.Status409Conflict, "conflict", detail);

    /// <summary>503: asking again is safe.</summary>
    public static Problem Unavailable(string detail) =>
        new(StatusCodes.Status503ServiceUnavailable, "unavailable", detail) { RetryAfter = 1 };

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            ErrorShapes.WriteProblem(json, $"urn:budgetguard:{Code}", Title, Status, Detail);
            if (Field is not null)
            {
                json.WriteString("field", Field);
            }

            if (RetryAfter is { } seconds)
            {
                json.WriteNumber("retry_after", seconds);
            }

            json.WriteEndObject();
        }

        HttpResponse response = httpContext.Response;
        response.StatusCode = Status;
        response.ContentType = "application/problem+json";
        response.ContentLength = buffer.WrittenCount;
        if (RetryAfter is { } after)
        {
            response.Headers.RetryAfter = after.ToString(CultureInfo.InvariantCulture);
        }

        if (!HttpMethods.IsHead(httpContext.Request.Method) && !httpContext.RequestAborted.IsCancellationRequested)
        {
            await response.Body.WriteAsync(buffer.WrittenMemory, httpContext.RequestAborted).ConfigureAwait(false);
        }
    }

    private string Title => Status switch
    {
        StatusCodes.Status404NotFound => "Not found",
        StatusCodes.Status409Conflict => "Conflict",
        StatusCodes.Status503ServiceUnavailable => "Budget guard unavailable",
        _ => "The request is not valid",
    };
}
