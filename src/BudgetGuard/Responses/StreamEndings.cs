using System.Buffers;
using System.Text.Json;
using BudgetGuard.Identification;
using BudgetGuard.Metering;

namespace BudgetGuard.Responses;

/// <summary>How a stream ends whose budget has nothing left for more of it: the error and the end mark of its own API, so that its clients raise their own exceptions.</summary>
internal static class StreamEndings
{
    public static ReadOnlyMemory<byte> Of(ModelApi api, StreamFraming framing, string budget)
    {
        string message = $"Budget limit exceeded: budget '{budget}' has nothing left for more of this answer.";
        var bytes = new ArrayBufferWriter<byte>(512);
        switch (framing)
        {
            case StreamFraming.Array:
                bytes.Write(","u8);
                WriteJson(bytes, api, message);
                bytes.Write("]"u8);
                break;
            case StreamFraming.Lines:
                WriteJson(bytes, api, message);
                bytes.Write("\n"u8);
                break;
            default:
                bytes.Write(HasEventNames(api) ? "event: error\ndata: "u8 : "data: "u8);
                WriteJson(bytes, api, message);
                bytes.Write("\n\n"u8);
                bytes.Write(EndMark(api));
                break;
        }

        return bytes.WrittenMemory;
    }

    private static bool HasEventNames(ModelApi api) => api == ModelApis.AnthropicMessages || api == ModelApis.OpenAIResponses;

    private static ReadOnlySpan<byte> EndMark(ModelApi api) =>
        api == ModelApis.AnthropicMessages ? "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"u8
        : api == ModelApis.OpenAIChat || api == ModelApis.OpenAICompletions ? "data: [DONE]\n\n"u8
        : [];

    private static void WriteJson(ArrayBufferWriter<byte> bytes, ModelApi api, string message)
    {
        using var json = new Utf8JsonWriter(bytes);
        json.WriteStartObject();
        if (api == ModelApis.AnthropicMessages)
        {
            ErrorShapes.WriteAnthropic(json, "billing_error", message);
        }
        else if (api == ModelApis.Gemini)
        {
            json.WriteStartObject("error");
            json.WriteNumber("code", 402);
            json.WriteString("message", message);
            json.WriteString("status", "RESOURCE_EXHAUSTED");
            json.WriteEndObject();
        }
        else if (api == ModelApis.OpenAIResponses)
        {
            json.WriteString("type", "error");
            json.WriteString("code", "budget_exceeded");
            json.WriteString("message", message);
            json.WriteNull("param");
            json.WriteNumber("sequence_number", 0);
        }
        else if (api.Provider == "ollama")
        {
            json.WriteString("error", message);
        }
        else
        {
            ErrorShapes.WriteOpenAI(json, message, "insufficient_quota", "budget_exceeded");
        }

        json.WriteEndObject();
    }
}
