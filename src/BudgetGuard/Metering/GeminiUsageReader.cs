using System.Text.Json;
using BudgetGuard.Identification;

namespace BudgetGuard.Metering;

/// <summary>
/// Reads the usage of Gemini and Vertex. Thoughts come on top of the candidates, tool prompts on top of the prompt; a count of zero is left out.
/// </summary>
internal sealed class GeminiUsageReader : IUsageReader
{
    public bool CanRead(string modelApi) =>
        string.Equals(modelApi, ModelApis.Gemini.Name, StringComparison.OrdinalIgnoreCase)
        || string.Equals(modelApi, ModelApis.GeminiEmbed.Name, StringComparison.OrdinalIgnoreCase);

    public TokenUsage? Read(JsonElement answer)
    {
        var usage = UsageFields.Block(answer, "usageMetadata");
        var cached = UsageFields.Count(usage, "cachedContentTokenCount") ?? 0;
        var thoughts = UsageFields.Count(usage, "thoughtsTokenCount") ?? 0;
        var tools = UsageFields.Count(usage, "toolUsePromptTokenCount") ?? 0;
        var prompt = UsageFields.Count(usage, "promptTokenCount");
        var candidates = UsageFields.Count(usage, "candidatesTokenCount", "responseTokenCount");
        var sum = UsageFields.Count(usage, "totalTokenCount");
        if (prompt is null && candidates is null && sum is null)
        {
            return null;
        }

        if (cached > prompt)
        {
            prompt += cached;
        }

        // Zeros are left out, so what is missing is what the sum says, or nothing.
        var input = prompt + tools ?? Math.Max(tools + cached, (sum - (candidates ?? 0) - thoughts) ?? 0);
        var output = Math.Max((candidates ?? 0) + thoughts, (sum - input) ?? 0);
        var audioIn = Modality(usage, "promptTokensDetails", "AUDIO") + Modality(usage, "toolUsePromptTokensDetails", "AUDIO");
        var imageIn = Modality(usage, "promptTokensDetails", "IMAGE") + Modality(usage, "toolUsePromptTokensDetails", "IMAGE");
        var audioOut = OutputModality(usage, "AUDIO");
        var imageOut = OutputModality(usage, "IMAGE");
        input = Math.Max(input, audioIn + imageIn);
        output = Math.Max(output, audioOut + imageOut);
        if (input + output == 0 && !UsageFields.IsError(answer))
        {
            return null;
        }

        return new TokenUsage
        {
            Model = UsageFields.Text(answer, "modelVersion"),
            InputTokens = input,
            OutputTokens = output,
            CacheReadTokens = cached,
            ReasoningTokens = thoughts,
            AudioInputTokens = audioIn,
            CachedAudioInputTokens = Math.Min(cached, Modality(usage, "cacheTokensDetails", "AUDIO")),
            AudioOutputTokens = audioOut,
            ImageInputTokens = imageIn,
            ImageOutputTokens = imageOut,
            ServiceTier = UsageFields.Text(usage, "serviceTier") ?? Tier(UsageFields.Text(usage, "trafficType")),
        };
    }

    private static string? Tier(string? trafficType) => trafficType switch
    {
        "ON_DEMAND_FLEX" => "flex",
        "ON_DEMAND_PRIORITY" => "priority",
        _ => null,
    };

    private static long OutputModality(JsonElement usage, string modality) =>
        Math.Max(Modality(usage, "candidatesTokensDetails", modality), Modality(usage, "responseTokensDetails", modality));

    private static long Modality(JsonElement usage, string details, string modality)
    {
        if (UsageFields.Member(usage, details) is not { ValueKind: JsonValueKind.Array } list)
        {
            return 0;
        }

        long sum = 0;
        foreach (var entry in list.EnumerateArray())
        {
            sum += UsageFields.Text(entry, "modality") == modality ? UsageFields.Count(entry, "tokenCount") ?? 0 : 0;
        }

        return sum;
    }
}
