using System.Buffers;
using System.Text.Json;
using BudgetGuard.Gateway.Routing;

namespace BudgetGuard.Gateway.Errors;

/// <summary>The gateway's own errors, in the shape of the vendor whose client asks, so that it raises its own exceptions.</summary>
internal static class DialectErrors
{
    /// <summary>Answers with an error, unless an answer has begun.</summary>
    public static Task WriteAsync(HttpContext context, int status, string code, string message)
    {
        HttpResponse response = context.Response;
        if (response.HasStarted || context.RequestAborted.IsCancellationRequested)
        {
            return Task.CompletedTask;
        }

        Vendor vendor = context.GetEndpoint()?.Metadata.GetMetadata<GatewayRoute>()?.Vendor ?? Vendors.Guess(context.Request.Path);
        ArrayBufferWriter<byte> buffer = new(256);
        using (Utf8JsonWriter json = new(buffer))
        {
            Write(json, vendor, status, code, message);
        }

        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = buffer.WrittenCount;
        response.Headers.CacheControl = "no-store";
        return HttpMethods.IsHead(context.Request.Method)
            ? Task.CompletedTask
            : response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted).AsTask();
    }

    private static void Write(Utf8JsonWriter json, Vendor vendor, int status, string code, string message)
    {
        json.WriteStartObject();
        if (vendor == Vendor.Anthropic)
        {
            json.WriteString("type", "error");
        }

        json.WriteStartObject("error");
        switch (vendor)
        {
            case Vendor.Anthropic:
                json.WriteString("type", AnthropicType(status));
                json.WriteString("message", message);
                break;
            case Vendor.Gemini:
                json.WriteNumber("code", status);
                json.WriteString("message", message);
                json.WriteString("status", GoogleStatus(status));
                break;
            default:
                json.WriteString("message", message);
                json.WriteString("type", OpenAIType(status));
                json.WriteNull("param");
                json.WriteString("code", code);
                break;
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string OpenAIType(int status) => status switch
    {
        401 => "authentication_error",
        429 => "rate_limit_error",
        < 500 => "invalid_request_error",
        _ => "server_error",
    };

    private static string AnthropicType(int status) => status switch
    {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        < 500 => "invalid_request_error",
        _ => "api_error",
    };

    private static string GoogleStatus(int status) => status switch
    {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        501 => "UNIMPLEMENTED",
        502 or 503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        < 500 => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    };
}
