using BudgetGuard.Identification;

namespace BudgetGuard.Estimation;

/// <summary>Upper bounds of the tokens a request reads and writes; the figures are fitted to recorded requests, not derived.</summary>
internal static class TokenBound
{
    private const int AudioTokensPerSecond = 10;

    /// <summary>Tokens of the visible input. What the provider adds from a conversation, a file store or the web is not in it.</summary>
    public static long Input(ModelRequest request, string? model)
    {
        model ??= "";
        var isNewClaude = IsNewClaude(model);
        var text = (request.TextBytes + 2) / 3;
        if (isNewClaude)
        {
            text = (text * 13 + 9) / 10;
        }

        return 3 + text + request.TokenIds + 4L * request.Messages + Overhead(request, model)
            + request.Images * ImageTokens(model, isNewClaude) + (request.MediaBytes + 7) / 8
            + request.AudioSeconds * AudioTokensPerSecond + (request.MediaBytes > 0 ? 1000 : 0) + 5000L * request.MediaReferences;
    }

    /// <summary>Tokens of all answers; null where the request sets no cap, so that the model's own maximum is the bound.</summary>
    public static long? Output(ModelRequest request, ModelApi api)
    {
        // A model that Bedrock runs has one route, whatever it does.
        if (api.OnlyReads || (api == ModelApis.BedrockInvoke && request.Model is { } invoked && Has(invoked, "embed")))
        {
            return 0;
        }

        long? cap = request.MaxOutputTokens ?? (api == ModelApis.OpenAICompletions ? 16 : null);
        if (cap is null)
        {
            return null;
        }

        var product = (UInt128)cap.Value * (UInt128)request.Answers;
        return product > long.MaxValue ? long.MaxValue : (long)product;
    }

    /// <summary>Tokens of all answers of a request that sets no cap: the default, or the model's own maximum where that is less.</summary>
    public static long DefaultOutput(ModelRequest request, int? modelMaximum, int defaultMaximum)
    {
        long each = Math.Min(defaultMaximum, modelMaximum ?? defaultMaximum);
        return request.Answers > long.MaxValue / Math.Max(1, each) ? long.MaxValue : each * request.Answers;
    }

    private static bool IsNewClaude(string model) =>
        Has(model, "opus-4-7") || Has(model, "opus-4.7") || Has(model, "opus-4-8") || Has(model, "opus-4.8") || Has(model, "opus-5")
        || Has(model, "sonnet-5") || Has(model, "fable") || Has(model, "mythos");

    private static int Overhead(ModelRequest request, string model)
    {
        var isClaude = Has(model, "claude");
        var fixedPart = isClaude && request.HasSchema ? 300 : Has(model, "llama") || Has(model, "gpt-oss") || Has(model, "grok") ? 70 : 8;
        if (request.Tools == 0)
        {
            return fixedPart;
        }

        return fixedPart + (isClaude ? 700
            : Has(model, "nova-2") ? 870
            : Has(model, "nova") ? 450
            : Has(model, "llama-4") || Has(model, "llama4") ? 650
            : Has(model, "llama") || Has(model, "qwen") || Has(model, "gpt-oss") || Has(model, "glm") || Has(model, "grok") ? 250
            : Has(model, "gpt-5") || Has(model, "o1") || Has(model, "o3") || Has(model, "o4") ? 90
            : 40);
    }

    private static long ImageTokens(string model, bool isNewClaude) =>
        isNewClaude ? 4784
        : Has(model, "claude") ? 1600
        : Has(model, "gpt-4o-mini") ? 48_169
        : Has(model, "gpt-4o") ? 1445
        : Has(model, "gpt-image") ? 6500
        : Has(model, "gemini-2.0") ? 3400
        : Has(model, "gemini") ? 1200
        : 3800;

    private static bool Has(string model, string part) => model.Contains(part, StringComparison.OrdinalIgnoreCase);
}
