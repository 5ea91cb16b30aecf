using System.Text.Json;
using BudgetGuard.Identification;

namespace BudgetGuard.Metering;

/// <summary>Reads what it took to store a prompt in a cache of Gemini's: all of it was read once. What it costs to keep, by the hour, no answer says.</summary>
internal sealed class GeminiCacheUsageReader : IUsageReader
{
    private const string ModelPrefix = "models/";

    public bool CanRead(string modelApi) => string.Equals(modelApi, ModelApis.GeminiCaches.Name, StringComparison.OrdinalIgnoreCase);

    public TokenUsage? Read(JsonElement answer)
    {
        if (UsageFields.Count(UsageFields.Block(answer, "usageMetadata"), "totalTokenCount") is not (> 0 and var stored))
        {
            return null;
        }

        var model = UsageFields.Text(answer, "model");
        return new TokenUsage
        {
            Model = model?.StartsWith(ModelPrefix, StringComparison.Ordinal) == true ? model[ModelPrefix.Length..] : model,
            InputTokens = stored,
            CacheWriteTokens = stored,
        };
    }
}
