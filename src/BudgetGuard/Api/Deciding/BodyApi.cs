using System.Collections.Frozen;
using System.Text.Json;
using BudgetGuard.Identification;

namespace BudgetGuard.Api.Deciding;

/// <summary>Tells the model API from a body alone, as far as its fields leave no doubt: a wrong guess would read the wrong limit of its output.</summary>
internal static class BodyApi
{
    /// <summary>The fields that one API has and the others do not that a body with the same main field may be for.</summary>
    private static readonly FrozenDictionary<string, ModelApi> Chat = Of(
        (ModelApis.OpenAIChat, ["max_completion_tokens", "n", "response_format", "frequency_penalty", "presence_penalty", "logprobs", "top_logprobs",
            "logit_bias", "stream_options", "seed", "functions", "function_call", "parallel_tool_calls", "reasoning_effort", "modalities", "audio", "prediction"]),
        (ModelApis.AnthropicMessages, ["system", "anthropic_version", "anthropic_beta", "stop_sequences", "thinking", "mcp_servers", "context_management"]),
        (ModelApis.BedrockConverse, ["inferenceConfig", "toolConfig", "additionalModelRequestFields", "guardrailConfig"]));

    private static readonly FrozenDictionary<string, ModelApi> Input = Of(
        (ModelApis.OpenAIResponses, ["max_output_tokens", "instructions", "previous_response_id", "conversation", "reasoning", "text", "tools", "tool_choice",
            "stream", "store", "include", "truncation", "background", "temperature", "top_p"]),
        (ModelApis.OpenAIEmbeddings, ["encoding_format", "dimensions"]),
        (ModelApis.OpenAISpeech, ["voice"]));

    private static readonly FrozenDictionary<string, ModelApi> Prompt = Of(
        (ModelApis.OpenAICompletions, ["max_tokens", "best_of", "logprobs", "suffix", "stop", "echo", "temperature", "top_p", "stream", "stream_options"]),
        (ModelApis.OpenAIImages, ["size", "quality", "style", "output_format", "output_compression", "partial_images"]));

    /// <summary>The API; null where a body may be for none or for more than one.</summary>
    public static ModelApi? Of(JsonElement body)
    {
        bool hasChat = body.TryGetProperty("messages", out _);
        bool hasInput = body.TryGetProperty("input", out _);
        bool hasPrompt = body.TryGetProperty("prompt", out _);
        bool hasContents = body.TryGetProperty("contents", out _);
        if ((hasChat ? 1 : 0) + (hasInput ? 1 : 0) + (hasPrompt ? 1 : 0) + (hasContents ? 1 : 0) != 1)
        {
            return null;
        }

        if (hasContents)
        {
            return ModelApis.Gemini;
        }

        string? model = body.TryGetProperty("model", out JsonElement named) ? named.TryText() : null;
        return Telling(body, hasChat ? Chat : hasInput ? Input : Prompt, out bool isDoubtful)
            ?? (isDoubtful || model is null ? null
                : hasChat ? (model.Contains("claude", StringComparison.OrdinalIgnoreCase) ? ModelApis.AnthropicMessages : ModelApis.OpenAIChat)
                : hasInput && model.Contains("embed", StringComparison.OrdinalIgnoreCase) ? ModelApis.OpenAIEmbeddings
                : null);
    }

    /// <summary>The API that a telling field is of; none where there is no such field, or they contradict each other.</summary>
    private static ModelApi? Telling(JsonElement body, FrozenDictionary<string, ModelApi> telling, out bool isDoubtful)
    {
        ModelApi? found = null;
        isDoubtful = false;
        foreach (JsonProperty field in body.EnumerateObject())
        {
            if (telling.TryGetValue(field.Name, out ModelApi? api))
            {
                isDoubtful |= found is not null && found != api;
                found = api;
            }
        }

        return isDoubtful ? null : found;
    }

    private static FrozenDictionary<string, ModelApi> Of(params (ModelApi Api, string[] Fields)[] tables)
    {
        var all = new Dictionary<string, ModelApi>(StringComparer.Ordinal);
        foreach ((ModelApi api, string[] fields) in tables)
        {
            foreach (string field in fields)
            {
                all.Add(field, api);
            }
        }

        return all.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
