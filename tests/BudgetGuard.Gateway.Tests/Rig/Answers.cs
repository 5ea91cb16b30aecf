using System.Text.Encodings.Web;
using System.Text.Json;

namespace BudgetGuard.Gateway.Tests.Rig;

/// <summary>One write of a stream.</summary>
/// <param name="Text">What is written.</param>
/// <param name="Tokens">How many tokens are in it.</param>
/// <param name="IsUsageOnly">True for the chunk that OpenAI adds for those who ask for it.</param>
internal readonly record struct Part(string Text, int Tokens = 0, bool IsUsageOnly = false);

/// <summary>A model's answers in the formats of the vendors.</summary>
internal static class Answers
{
    public static IEnumerable<Part> Stream(ProviderCall call) => call.Dialect switch
    {
        Dialect.Chat or Dialect.Completions => OpenAI(call),
        Dialect.Responses => Responses(call),
        Dialect.Messages => Anthropic(call),
        _ => Gemini(call),
    };

    public static string Json(ProviderCall call)
    {
        string text = Quote(new Words(call.Script.Seed).Next(call.Planned));
        bool tells = call.Script.TellsUsage;
        return call.Dialect switch
        {
            Dialect.Chat => $$"""{"id":"chatcmpl-1","object":"chat.completion","created":1790000000,"model":"{{call.Model}}","choices":[{"index":0,"message":{"role":"assistant","content":{{text}},"refusal":null},"logprobs":null,"finish_reason":"stop"}]{{(tells ? $",\"usage\":{OpenAIUsage(call, call.Planned)}" : "")}}}""",
            Dialect.Completions => $$"""{"id":"cmpl-1","object":"text_completion","created":1790000000,"model":"{{call.Model}}","choices":[{"index":0,"text":{{text}},"logprobs":null,"finish_reason":"stop"}]{{(tells ? $",\"usage\":{OpenAIUsage(call, call.Planned)}" : "")}}}""",
            Dialect.Responses => Response(call, "completed", text, call.Planned),
            Dialect.Embeddings => $$"""{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.25,-0.5]}],"model":"{{call.Model}}"{{(tells ? $",\"usage\":{{\"prompt_tokens\":{call.PromptTokens},\"total_tokens\":{call.PromptTokens}}}" : "")}}}""",
            Dialect.Messages => $$"""{"id":"msg_1","type":"message","role":"assistant","model":"{{call.Model}}","content":[{"type":"text","text":{{text}}}],"stop_reason":"end_turn","stop_sequence":null{{(tells ? $",\"usage\":{AnthropicUsage(call, call.Planned)}" : "")}}}""",
            _ => GeminiChunk(call, text, call.Planned, isLast: true),
        };
    }

    /// <summary>The words of a stream, as many at a time as come in one event.</summary>
    private static IEnumerable<(string Text, int Tokens, int Total)> Deltas(ProviderCall call)
    {
        Words words = new(call.Script.Seed);
        for (int total = 0; total < call.Planned;)
        {
            int tokens = Math.Min(call.Script.TokensAnEvent, call.Planned - total);
            total += tokens;
            yield return (Quote(words.Next(tokens)), tokens, total);
        }
    }

    private static IEnumerable<Part> OpenAI(ProviderCall call)
    {
        bool isChat = call.Dialect == Dialect.Chat;
        bool tells = call.AsksForUsage && call.Script.TellsUsage;
        string none = call.AsksForUsage ? ",\"usage\":null" : "";
        string Chunk(string choices, string usage) =>
            $$"""data: {"id":"chatcmpl-1","object":"{{(isChat ? "chat.completion.chunk" : "text_completion")}}","created":1790000000,"model":"{{call.Model}}","choices":[{{choices}}]{{usage}}}""" + "\n\n";
        if (isChat)
        {
            yield return new Part(Chunk("""{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}""", none));
        }

        foreach ((string text, int tokens, _) in Deltas(call))
        {
            yield return new Part(
                Chunk(isChat ? $$"""{"index":0,"delta":{"content":{{text}}},"logprobs":null,"finish_reason":null}""" : $$"""{"index":0,"text":{{text}},"logprobs":null,"finish_reason":null}""", none),
                tokens);
        }

        yield return new Part(Chunk(isChat ? """{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}""" : """{"index":0,"text":"","logprobs":null,"finish_reason":"stop"}""", none));
        if (tells)
        {
            yield return new Part(Chunk("", $",\"usage\":{OpenAIUsage(call, call.Planned)}"), IsUsageOnly: true);
        }

        yield return new Part("data: [DONE]\n\n");
    }

    private static IEnumerable<Part> Responses(ProviderCall call)
    {
        int number = 0;
        string Event(string type, string rest) => $$"""
            event: {{type}}
            data: {"type":"{{type}}","sequence_number":{{number++}},{{rest}}}


            """;
        yield return new Part(Event("response.created", $"\"response\":{Response(call, "in_progress", null, 0)}"));
        yield return new Part(Event("response.output_item.added", """"output_index":0,"item":{"id":"msg_1","type":"message","status":"in_progress","role":"assistant","content":[]}""""));
        yield return new Part(Event("response.content_part.added", """"item_id":"msg_1","output_index":0,"content_index":0,"part":{"type":"output_text","annotations":[],"text":""}""""));
        foreach ((string text, int tokens, _) in Deltas(call))
        {
            yield return new Part(Event("response.output_text.delta", $"\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":{text}"), tokens);
        }

        string all = Quote(new Words(call.Script.Seed).Next(call.Planned));
        yield return new Part(Event("response.output_text.done", $"\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"text\":{all}"));
        yield return new Part(Event("response.completed", $"\"response\":{Response(call, "completed", all, call.Planned)}"));
    }

    private static IEnumerable<Part> Anthropic(ProviderCall call)
    {
        static string Event(string type, string rest = "") => $$"""
            event: {{type}}
            data: {"type":"{{type}}"{{rest}}}


            """;
        bool tells = call.Script.TellsUsage;
        yield return new Part(Event("message_start", $$$""","message":{"id":"msg_1","type":"message","role":"assistant","model":"{{{call.Model}}}","content":[],"stop_reason":null,"stop_sequence":null{{{(tells ? $",\"usage\":{AnthropicUsage(call, 1)}" : "")}}}}"""));
        yield return new Part(Event("content_block_start", ""","index":0,"content_block":{"type":"text","text":""}"""));
        yield return new Part(Event("ping"));
        foreach ((string text, int tokens, _) in Deltas(call))
        {
            yield return new Part(Event("content_block_delta", $$$""","index":0,"delta":{"type":"text_delta","text":{{{text}}}}"""), tokens);
        }

        yield return new Part(Event("content_block_stop", ",\"index\":0"));
        yield return new Part(Event("message_delta", $$$""","delta":{"stop_reason":"end_turn","stop_sequence":null}{{{(tells ? $",\"usage\":{{\"output_tokens\":{call.Planned}}}" : "")}}}"""));
        yield return new Part(Event("message_stop"));
    }

    private static IEnumerable<Part> Gemini(ProviderCall call)
    {
        bool isEvents = call.Query.Contains("alt=sse", StringComparison.Ordinal);
        int written = 0;
        foreach ((string text, int tokens, int total) in Deltas(call))
        {
            string chunk = GeminiChunk(call, text, total, total == call.Planned);
            yield return new Part(isEvents ? $"data: {chunk}\r\n\r\n" : (written++ == 0 ? "[" : ",\r\n") + chunk, tokens);
        }

        if (!isEvents)
        {
            yield return new Part(written == 0 ? "[]" : "]");
        }
    }

    private static string GeminiChunk(ProviderCall call, string text, int total, bool isLast) =>
        $$"""{"candidates":[{"content":{"parts":[{"text":{{text}}}],"role":"model"}{{(isLast ? ",\"finishReason\":\"STOP\"" : "")}},"index":0}]{{(call.Script.TellsUsage ? $",\"usageMetadata\":{{\"promptTokenCount\":{call.PromptTokens},\"candidatesTokenCount\":{total},\"totalTokenCount\":{call.PromptTokens + total}}}" : "")}},"modelVersion":"{{call.Model}}","responseId":"r1"}""";

    private static string Response(ProviderCall call, string status, string? text, int output)
    {
        string items = text is null ? "" : $$"""{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"text":{{text}}}]}""";
        string usage = text is null || !call.Script.TellsUsage
            ? "null"
            : $$"""{"input_tokens":{{call.PromptTokens}},"input_tokens_details":{"cached_tokens":0},"output_tokens":{{output}},"output_tokens_details":{"reasoning_tokens":0},"total_tokens":{{call.PromptTokens + output}}}""";
        return $$"""{"id":"resp_1","object":"response","created_at":1790000000,"status":"{{status}}","error":null,"incomplete_details":null,"instructions":null,"model":"{{call.Model}}","output":[{{items}}],"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"metadata":{},"usage":{{usage}}}""";
    }

    private static string OpenAIUsage(ProviderCall call, int output) =>
        $$"""{"prompt_tokens":{{call.PromptTokens}},"completion_tokens":{{output}},"total_tokens":{{call.PromptTokens + output}}}""";

    private static string AnthropicUsage(ProviderCall call, int output) =>
        $$"""{"input_tokens":{{call.PromptTokens}},"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":{{output}}}""";

    private static string Quote(string text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
}
