using System.Text.Json;
using BudgetGuard.Identification;

namespace BudgetGuard.Metering;

/// <summary>
/// Reads the usage of models that Bedrock runs as their makers made them: each in its maker's form, of streams besides in Bedrock's own.
/// The model is that of the path: what the answer calls it is the maker's name, which has another price.
/// </summary>
internal sealed class BedrockInvokeUsageReader : IUsageReader
{
    private readonly AnthropicUsageReader _anthropic = new();
    private readonly BedrockUsageReader _nova = new();
    private readonly OpenAIUsageReader _others = new(true, ModelApis.BedrockInvoke.Name);

    public bool CanRead(string modelApi) => string.Equals(modelApi, ModelApis.BedrockInvoke.Name, StringComparison.OrdinalIgnoreCase);

    public TokenUsage? Read(JsonElement answer)
    {
        var metrics = Counted(UsageFields.Block(answer, "amazon-bedrock-invocationMetrics"), "inputTokenCount", "outputTokenCount");
        if (OfMaker(answer) is { } told)
        {
            // The maker's form says more of caches; but what it told last may not have been the end.
            return metrics is not null && (metrics.InputTokens > told.InputTokens || metrics.OutputTokens > told.OutputTokens) ? metrics : told;
        }

        return metrics ?? Counted(answer, "prompt_token_count", "generation_token_count") ?? Titan(answer);
    }

    private TokenUsage? OfMaker(JsonElement answer)
    {
        var usage = UsageFields.Block(answer, "usage");
        var told = UsageFields.Count(usage, "inputTokens") is not null ? _nova.Read(answer)
            : UsageFields.Count(usage, "input_tokens") is not null ? _anthropic.Read(answer)
            : _others.Read(answer);
        return told is null ? null : told with { Model = null };
    }

    private static TokenUsage? Counted(JsonElement counts, string input, string output)
    {
        var fresh = UsageFields.Count(counts, input);
        var written = UsageFields.Count(counts, output);
        if (fresh is null || written is null || fresh + written == 0)
        {
            return null;
        }

        var cacheRead = UsageFields.Count(counts, "cacheReadInputTokenCount") ?? 0;
        var cacheWritten = UsageFields.Count(counts, "cacheWriteInputTokenCount") ?? 0;
        return new TokenUsage
        {
            InputTokens = fresh.Value + cacheRead + cacheWritten,
            OutputTokens = written.Value,
            CacheReadTokens = cacheRead,
            CacheWriteTokens = cacheWritten,
        };
    }

    private static TokenUsage? Titan(JsonElement answer)
    {
        if (UsageFields.Count(answer, "inputTextTokenCount") is not { } read)
        {
            return null;
        }

        // Without a word on what it wrote it made an embedding, or more text than is kept of an answer: that is unknown, not nothing.
        if (UsageFields.Member(answer, "results") is not { ValueKind: JsonValueKind.Array } results)
        {
            return null;
        }

        long written = 0;
        foreach (var result in results.EnumerateArray())
        {
            written += UsageFields.Count(result, "tokenCount") ?? 0;
        }

        return read + written == 0 ? null : new TokenUsage { InputTokens = read, OutputTokens = written };
    }
}
