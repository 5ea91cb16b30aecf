using System.Text.Json;
using BudgetGuard.Identification;

namespace BudgetGuard.Metering;

/// <summary>
/// Reads the usage of Cohere's APIs: what is billed, not the tokens its models read, which include a template of its own. Searches of a rerank have no token.
/// </summary>
internal sealed class CohereUsageReader : IUsageReader
{
    public bool CanRead(string modelApi) =>
        string.Equals(modelApi, ModelApis.CohereChat.Name, StringComparison.OrdinalIgnoreCase)
        || string.Equals(modelApi, ModelApis.CohereEmbed.Name, StringComparison.OrdinalIgnoreCase)
        || string.Equals(modelApi, ModelApis.CohereRerank.Name, StringComparison.OrdinalIgnoreCase);

    public TokenUsage? Read(JsonElement answer)
    {
        var billed = UsageFields.Block(UsageFields.Block(answer, "usage", "meta"), "billed_units");
        if (billed.ValueKind != JsonValueKind.Object && UsageFields.Member(answer, "response") is { ValueKind: JsonValueKind.Object } whole)
        {
            // The end of an older stream has all of the answer in it.
            billed = UsageFields.Block(UsageFields.Block(whole, "meta"), "billed_units");
        }

        var text = UsageFields.Count(billed, "input_tokens") ?? 0;
        var images = UsageFields.Count(billed, "image_tokens") ?? 0;
        var written = UsageFields.Count(billed, "output_tokens") ?? 0;
        return text + images + written == 0
            ? null
            : new TokenUsage { InputTokens = text + images, ImageInputTokens = images, OutputTokens = written };
    }
}
