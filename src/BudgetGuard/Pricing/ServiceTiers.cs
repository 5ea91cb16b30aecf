namespace BudgetGuard.Pricing;

/// <summary>
/// What service tiers multiply token prices with, in tenths. Where a provider's own figures differ by model, the highest of them is taken.
/// Sources: OpenAI's page on priority processing (at most twice the price up to GPT-5.4, 2.5 times for GPT-5.5) and on flex and batch (half); Google's page on inference
/// tiers (priority 75 to 100 % more, flex and batch half); Amazon's on service tiers of Bedrock (priority 75 % more, flex and batch half);
/// Anthropic's on batches (half) and fast mode (six times for Opus 4.6 and 4.7, twice later).
/// </summary>
internal static class ServiceTiers
{
    public const int Standard = 10;

    private const int Half = 5;
    private const int Double = 20;
    private const int Dearest = 25;

    /// <param name="provider">The canonical name of the provider.</param>
    /// <param name="model">The canonical name of the model.</param>
    /// <param name="tier">As the answer or the request names it; Vertex writes <c>ON_DEMAND_FLEX</c> for what others call <c>flex</c>.</param>
    public static int TenthsOf(string provider, string model, string? tier)
    {
        if (string.IsNullOrEmpty(tier))
        {
            return Standard;
        }

        return Ends(tier, "priority") ? Priority(provider, model)
            : Ends(tier, "flex") ? Flex(provider)
            : Ends(tier, "batch") ? Batch(provider)
            : Ends(tier, "fast") ? Fast(model)
            : Standard;
    }

    private static int Priority(string provider, string model) => provider switch
    {
        // Anthropic sells priority as committed capacity, not as a dearer token.
        "anthropic" => Standard,
        "google" or "aws" => Double,
        _ when IsUpToGpt54(model) => Double,
        _ => Dearest,
    };

    // Others (Groq) call flex what costs as much as the standard tier.
    private static int Flex(string provider) => provider is "openai" or "google" or "aws" ? Half : Standard;

    private static int Batch(string provider) => provider is "openai" or "azure" or "google" or "aws" or "anthropic" ? Half : Standard;

    private static int Fast(string model)
    {
        if (!model.Contains("claude", StringComparison.OrdinalIgnoreCase))
        {
            return Dearest;
        }

        return model.Contains("opus-4-6", StringComparison.OrdinalIgnoreCase) || model.Contains("opus-4-7", StringComparison.OrdinalIgnoreCase) ? 60 : Double;
    }

    private static bool IsUpToGpt54(string model)
    {
        if (Starts(model, "gpt-4") || Starts(model, "o1") || Starts(model, "o3") || Starts(model, "o4"))
        {
            return true;
        }

        // "gpt-5", "gpt-5-mini" and "gpt-5.1" to "gpt-5.4"; what came or comes later may be dearer.
        const string Fifth = "gpt-5";
        return Starts(model, Fifth) && (model.Length == Fifth.Length || model[Fifth.Length] == '-'
            || (model.Length > Fifth.Length + 1 && model[Fifth.Length] == '.' && model[Fifth.Length + 1] is >= '1' and <= '4'));
    }

    private static bool Starts(string text, string start) => text.StartsWith(start, StringComparison.OrdinalIgnoreCase);

    private static bool Ends(string text, string end) => text.EndsWith(end, StringComparison.OrdinalIgnoreCase);
}
