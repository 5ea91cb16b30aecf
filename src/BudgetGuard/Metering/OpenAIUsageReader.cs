using System.Text.Json;

namespace BudgetGuard.Metering;

/// <summary>
/// Reads the usage of OpenAI's APIs and of the many that answer like them. The two spellings of each field (chat's and Responses') are both looked for,
/// and what the parts and the sum say together is believed, so that no dialect has to be guessed from the model's name.
/// </summary>
internal sealed class OpenAIUsageReader(bool generates, params string[] apis) : IUsageReader
{
    public bool CanRead(string modelApi) => Array.Exists(apis, api => string.Equals(api, modelApi, StringComparison.OrdinalIgnoreCase));

    public TokenUsage? Read(JsonElement answer)
    {
        var usage = UsageFields.Block(answer, "usage");
        var cost = UsageFields.Cost(answer, usage);
        var inputParts = UsageFields.Block(usage, "prompt_tokens_details", "input_tokens_details", "input_token_details", "prompt_token_details");
        var outputParts = UsageFields.Block(usage, "completion_tokens_details", "output_tokens_details", "output_token_details");
        var cached = Math.Max(
            UsageFields.Count(inputParts, "cached_tokens") ?? 0,
            UsageFields.Count(usage, "num_cached_tokens", "prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens") ?? 0);
        var written = Math.Max(
            UsageFields.Count(inputParts, "cache_write_tokens", "cache_creation_tokens") ?? 0,
            UsageFields.Count(usage, "cache_creation_input_tokens") ?? 0);
        var reasoning = UsageFields.Count(outputParts, "reasoning_tokens") ?? 0;
        if (!TryReadTotals(usage, cached + written, reasoning, out var input, out var output))
        {
            return null;
        }

        // Nobody answers without reading anything: zeros are a missing count, unless there was no answer.
        if (input + output == 0 && cost is null or 0 && !UsageFields.IsError(answer))
        {
            return null;
        }

        var audioIn = UsageFields.Count(inputParts, "audio_tokens") ?? 0;
        var imageIn = UsageFields.Count(inputParts, "image_tokens") ?? 0;
        var audioOut = UsageFields.Count(outputParts, "audio_tokens") ?? 0;
        var imageOut = UsageFields.Count(outputParts, "image_tokens") ?? 0;
        var model = UsageFields.Text(answer, "model");
        output = Math.Max(output, audioOut + imageOut);
        return new TokenUsage
        {
            Model = model,
            InputTokens = Math.Max(input, audioIn + imageIn),
            OutputTokens = output,
            CacheReadTokens = cached,
            CacheWriteTokens = written,
            ReasoningTokens = Math.Min(reasoning, output),
            AudioInputTokens = audioIn,
            CachedAudioInputTokens = Math.Min(cached, UsageFields.Count(UsageFields.Block(inputParts, "cached_tokens_details"), "audio_tokens") ?? 0),
            AudioOutputTokens = audioOut,
            ImageInputTokens = imageIn,
            ImageOutputTokens = imageOut,
            WebSearches = WebSearches(answer, usage, model),
            ServiceTier = UsageFields.Text(answer, "service_tier") ?? UsageFields.Text(usage, "service_tier"),
            ReportedCostUsd = cost,
        };
    }

    private bool TryReadTotals(JsonElement usage, long cache, long reasoning, out long input, out long output)
    {
        var read = UsageFields.Count(usage, "prompt_tokens", "input_tokens");
        var generated = UsageFields.Count(usage, "completion_tokens", "output_tokens");
        var sum = UsageFields.Count(usage, "total_tokens");
        read ??= UsageFields.Count(usage, "prompt_cache_miss_tokens") + cache;

        // More in the cache than was read: then the cache was not counted as read.
        if (cache > read)
        {
            read += cache;
        }

        if (!generates)
        {
            // An embedding has no output: all of the sum was read.
            input = Math.Max(cache, Math.Max(read ?? 0, sum ?? 0));
            output = generated ?? 0;
            return read is not null || sum is not null;
        }

        if (!UsageFields.TryBalance(read, generated, sum, out input, out output))
        {
            return false;
        }

        if (cache > input)
        {
            input = cache;
        }

        // More reasoning than output: it came on top, unless the sum says that the reasoning is what was counted wrong.
        if (reasoning > output && sum != read + generated)
        {
            output = Math.Max(output, (generated ?? 0) + reasoning);
        }

        return true;
    }

    private static long WebSearches(JsonElement answer, JsonElement usage, string? model)
    {
        var counted = Math.Max(
            UsageFields.Count(UsageFields.Block(UsageFields.Member(answer, "tool_usage"), "web_search"), "num_requests") ?? 0,
            Math.Max(
                UsageFields.Count(usage, "num_search_queries") ?? 0,
                UsageFields.Count(UsageFields.Block(usage, "server_tool_use", "server_tool_use_details"), "web_search_requests") ?? 0));

        // These models search for every answer and do not say so.
        var always = model is not null
            && (model.Contains("-search-preview", StringComparison.OrdinalIgnoreCase) || model.Contains("-search-api", StringComparison.OrdinalIgnoreCase));
        return always ? Math.Max(1, counted) : counted;
    }
}
