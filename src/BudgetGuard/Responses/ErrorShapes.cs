using System.Text.Json;

namespace BudgetGuard.Responses;

/// <summary>How others write an error, so that their clients raise their own exceptions.</summary>
internal static class ErrorShapes
{
    /// <summary>RFC 9457 problem details.</summary>
    public static void WriteProblem(Utf8JsonWriter json, string type, string title, int status, string detail)
    {
        json.WriteString("type", type);
        json.WriteString("title", title);
        json.WriteNumber("status", status);
        json.WriteString("detail", detail);
    }

    /// <summary>The error of OpenAI's API.</summary>
    public static void WriteOpenAI(Utf8JsonWriter json, string message, string type, string code)
    {
        json.WriteStartObject("error");
        json.WriteString("message", message);
        json.WriteString("type", type);
        json.WriteNull("param");
        json.WriteString("code", code);
        json.WriteEndObject();
    }

    /// <summary>The error of Google's APIs.</summary>
    public static void WriteGemini(Utf8JsonWriter json, int code, string message, string status)
    {
        json.WriteStartObject("error");
        json.WriteNumber("code", code);
        json.WriteString("message", message);
        json.WriteString("status", status);
        json.WriteEndObject();
    }

    /// <summary>The error of Anthropic's API.</summary>
    public static void WriteAnthropic(Utf8JsonWriter json, string type, string message)
    {
        json.WriteString("type", "error");
        json.WriteStartObject("error");
        json.WriteString("type", type);
        json.WriteString("message", message);
        json.WriteEndObject();
    }
}
