using System.Text.Json;

namespace BudgetGuard.Responses;

/// <summary>The body of an answer that is no decision: the client's fault, or the guard's.</summary>
internal readonly record struct ErrorBody(int Status, string Code, string Message, int? RetryAfter)
{
    /// <summary>The canonical code that Google's clients name their exceptions by.</summary>
    private string GoogleStatus => Status switch
    {
        408 or 504 => "DEADLINE_EXCEEDED",
        499 => "CANCELLED",
        503 => "UNAVAILABLE",
        < 500 => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    };

    public void Write(Utf8JsonWriter json, ResponseFormat format)
    {
        json.WriteStartObject();
        switch (format)
        {
            case ResponseFormat.ProblemDetails:
                ErrorShapes.WriteProblem(json, $"urn:budgetguard:{Code}", Message, Status, Message);
                break;
            case ResponseFormat.OpenAI:
                ErrorShapes.WriteOpenAI(json, Message, Status < 500 ? "invalid_request_error" : "server_error", Code);
                break;
            case ResponseFormat.Anthropic:
                ErrorShapes.WriteAnthropic(json, Status == 413 ? "request_too_large" : Status < 500 ? "invalid_request_error" : "api_error", Message);
                break;
            case ResponseFormat.Gemini:
                ErrorShapes.WriteGemini(json, Status, Message, GoogleStatus);
                break;
            default:
                json.WriteString("error", Message);
                json.WriteString("reason", Code);
                break;
        }

        if (RetryAfter is { } seconds)
        {
            json.WriteNumber("retry_after", seconds);
        }

        json.WriteEndObject();
    }
}
