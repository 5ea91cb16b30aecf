using System.Buffers;
using System.Text.Json;
using BudgetGuard.Identification;
using BudgetGuard.Metering;

namespace BudgetGuard.Api.Deciding;

/// <summary>
/// Reads a provider's usage block as it came, by the readers that read it in answers. One that tells no tokens is refused: nothing is settled at nothing by mistake.
/// </summary>
internal sealed class ReportedUsage(UsageReaders readers)
{
    // More tokens than any call has.
    private const decimal MostTokens = 1_000_000_000_000m;

    /// <param name="usage">The block.</param>
    /// <param name="model">The model it is of.</param>
    /// <param name="api">The model API that answered with it, where that is known.</param>
    public (TokenUsage? Usage, Problem? Problem) Read(JsonElement usage, string model, ModelApi? api)
    {
        if (usage.ValueKind != JsonValueKind.Object)
        {
            return (null, Problem.Of("usage", "must be the usage block of the provider's answer, an object"));
        }

        if (FaultOf(usage, "usage") is { } fault)
        {
            return (null, fault);
        }

        using JsonDocument answer = AnswerWith(usage, model);
        TokenUsage? read = Read(api, answer.RootElement) ?? Read(ApiOf(usage), answer.RootElement);
        return read is null
            ? (null, Problem.Of("usage", "tells no tokens that could be charged; what cost nothing is settled by 'cost': 0"))
            : (read with { Model = read.Model ?? model }, null);
    }

    private TokenUsage? Read(ModelApi? api, JsonElement answer) => api is null ? null : UsageReaders.Read(readers.For(api.Name), answer);

    /// <summary>Whose block it is, by the names of its counts.</summary>
    private static ModelApi? ApiOf(JsonElement usage) =>
        Has(usage, "promptTokenCount", "candidatesTokenCount", "totalTokenCount") ? ModelApis.Gemini
        : Has(usage, "inputTokens", "outputTokens") ? ModelApis.BedrockConverse
        : Has(usage, "billed_units") ? ModelApis.CohereChat
        : Has(usage, "prompt_eval_count", "eval_count") ? ModelApis.OllamaChat
        : Has(usage, "prompt_tokens", "completion_tokens", "total_tokens", "input_tokens_details", "output_tokens_details") ? ModelApis.OpenAIChat
        : Has(usage, "input_tokens", "output_tokens") ? ModelApis.AnthropicMessages
        : null;

    private static bool Has(JsonElement usage, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (usage.TryGetProperty(name, out _))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The block where each provider has it in its answers.</summary>
    private static JsonDocument AnswerWith(JsonElement usage, string model)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (JsonProperty count in usage.EnumerateObject())
            {
                if (count.Name is "prompt_eval_count" or "eval_count")
                {
                    count.WriteTo(json);
                }
            }

            json.WriteString("model", model);
            json.WriteString("modelVersion", model);
            json.WritePropertyName("usage");
            usage.WriteTo(json);
            json.WritePropertyName("usageMetadata");
            usage.WriteTo(json);
            json.WriteEndObject();
        }

        return JsonDocument.Parse(buffer.WrittenMemory);
    }

    private static Problem? FaultOf(JsonElement value, string path)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Number:
                return value.TryGetDecimal(out decimal count) && count is >= 0 and <= MostTokens ? null : Problem.Of(path, "is no count of tokens");
            case JsonValueKind.String:
                return value.TryText() is null ? Problem.Of(path, "is not valid Unicode") : null;
            case JsonValueKind.Object:
                foreach (JsonProperty member in value.EnumerateObject())
                {
                    if (FaultOf(member.Value, $"{path}.{member.Name}") is { } fault)
                    {
                        return fault;
                    }
                }

                return null;
            case JsonValueKind.Array:
                foreach (JsonElement item in value.EnumerateArray())
                {
                    if (FaultOf(item, path) is { } fault)
                    {
                        return fault;
                    }
                }

                return null;
            default:
                return null;
        }
    }
}
