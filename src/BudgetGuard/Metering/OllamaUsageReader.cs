using System.Text.Json;
using BudgetGuard.Identification;

namespace BudgetGuard.Metering;

/// <summary>Reads the usage of Ollama's own APIs. A prompt that was in its cache has no count in older versions; then what was written is all that is known.</summary>
internal sealed class OllamaUsageReader : IUsageReader
{
    public bool CanRead(string modelApi) =>
        string.Equals(modelApi, ModelApis.OllamaChat.Name, StringComparison.OrdinalIgnoreCase)
        || string.Equals(modelApi, ModelApis.OllamaGenerate.Name, StringComparison.OrdinalIgnoreCase)
        || string.Equals(modelApi, ModelApis.OllamaEmbed.Name, StringComparison.OrdinalIgnoreCase);

    public TokenUsage? Read(JsonElement answer)
    {
        var read = UsageFields.Count(answer, "prompt_eval_count") ?? 0;
        var written = UsageFields.Count(answer, "eval_count") ?? 0;
        return read + written == 0
            ? null
            : new TokenUsage { Model = UsageFields.Text(answer, "model"), InputTokens = read, OutputTokens = written };
    }
}
