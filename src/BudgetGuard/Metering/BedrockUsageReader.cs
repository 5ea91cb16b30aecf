using System.Text.Json;
using BudgetGuard.Identification;

namespace BudgetGuard.Metering;

/// <summary>Reads the usage of Bedrock's Converse API: the input count leaves the cache out, save for some vendors, where the sum tells.</summary>
internal sealed class BedrockUsageReader : IUsageReader
{
    public bool CanRead(string modelApi) => string.Equals(modelApi, ModelApis.BedrockConverse.Name, StringComparison.OrdinalIgnoreCase);

    public TokenUsage? Read(JsonElement answer)
    {
        var usage = UsageFields.Block(answer, "usage");
        var fresh = UsageFields.Count(usage, "inputTokens");
        var generated = UsageFields.Count(usage, "outputTokens");
        var sum = UsageFields.Count(usage, "totalTokens");
        var read = UsageFields.Count(usage, "cacheReadInputTokens", "cacheReadInputTokenCount") ?? 0;
        var written = UsageFields.Count(usage, "cacheWriteInputTokens", "cacheWriteInputTokenCount") ?? 0;
        var (hour, detailed) = Lives(usage);
        written = Math.Max(written, detailed);
        var cache = read + written;
        var inside = fresh >= cache && sum == fresh + generated;
        if (!UsageFields.TryBalance(inside ? fresh : fresh + cache, generated, sum, out var input, out var output)
            || (input + output == 0 && !UsageFields.IsError(answer)))
        {
            return null;
        }

        return new TokenUsage
        {
            InputTokens = Math.Max(input, cache),
            OutputTokens = output,
            CacheReadTokens = read,
            CacheWriteTokens = written - hour,
            CacheWrite1hTokens = hour,
            ServiceTier = UsageFields.Text(UsageFields.Member(answer, "serviceTier"), "type"),
        };
    }

    private static (long Hour, long All) Lives(JsonElement usage)
    {
        if (UsageFields.Member(usage, "cacheDetails") is not { ValueKind: JsonValueKind.Array } list)
        {
            return default;
        }

        long hour = 0;
        long all = 0;
        foreach (var entry in list.EnumerateArray())
        {
            var tokens = UsageFields.Count(entry, "inputTokens") ?? 0;
            all += tokens;
            hour += UsageFields.Text(entry, "ttl") == "1h" ? tokens : 0;
        }

        return (hour, all);
    }
}
