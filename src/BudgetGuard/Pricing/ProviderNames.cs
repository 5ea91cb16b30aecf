namespace BudgetGuard.Pricing;

/// <summary>The names under which providers appear in routes and in front of models, and which of them the price file uses.</summary>
internal static class ProviderNames
{
    // Those who host their own models. Where a name says no host, they come first; among others who host it the dearest does, so that a price is never too low.
    private static readonly string[] _firstParties =
    [
        "openai", "anthropic", "google", "mistral", "deepseek", "x-ai", "cohere", "moonshotai", "minimax", "zai", "zhipuai", "perplexity", "voyageai", "azure", "aws",
    ];

    // In front of a model these say who serves it.
    private static readonly Dictionary<string, string> _hosts = new(StringComparer.Ordinal)
    {
        ["azure"] = "azure", ["azure_ai"] = "azure", ["azure-openai"] = "azure", ["azure_openai"] = "azure",
        ["aws"] = "aws", ["bedrock"] = "aws", ["bedrock_converse"] = "aws", ["amazon-bedrock"] = "aws", ["amazon_bedrock"] = "aws",
        ["vertex"] = "google", ["vertex_ai"] = "google", ["vertexai"] = "google", ["google-vertex"] = "google", ["gemini"] = "google", ["google_genai"] = "google",
        ["openrouter"] = "openrouter", ["groq"] = "groq", ["cerebras"] = "cerebras", ["novita"] = "novita", ["baseten"] = "baseten",
        ["together"] = "together", ["together_ai"] = "together", ["togetherai"] = "together",
        ["fireworks"] = "fireworks", ["fireworks_ai"] = "fireworks", ["fireworks-ai"] = "fireworks",
        ["cloudflare"] = "cloudflare", ["workers-ai"] = "cloudflare",
    };

    // In front of a model these say who made it, and only perhaps who serves it.
    private static readonly Dictionary<string, string> _vendors = new(StringComparer.Ordinal)
    {
        ["openai"] = "openai", ["anthropic"] = "anthropic", ["google"] = "google", ["mistral"] = "mistral", ["mistralai"] = "mistral",
        ["deepseek"] = "deepseek", ["deepseek-ai"] = "deepseek", ["xai"] = "x-ai", ["x-ai"] = "x-ai", ["cohere"] = "cohere", ["cohere_chat"] = "cohere",
        ["moonshot"] = "moonshotai", ["moonshotai"] = "moonshotai", ["minimax"] = "minimax", ["minimaxai"] = "minimax", ["perplexity"] = "perplexity",
        ["zai"] = "zai", ["z-ai"] = "zai", ["zai-org"] = "zai", ["zhipu"] = "zhipuai", ["zhipuai"] = "zhipuai", ["voyage"] = "voyageai", ["voyageai"] = "voyageai",
        ["amazon"] = "aws",
    };

    public static bool IsHost(string name, out string provider) => _hosts.TryGetValue(name, out provider!);

    public static bool IsVendor(string name, out string provider) => _vendors.TryGetValue(name, out provider!);

    /// <summary>The price file's name of a provider; its own name if it is none of the known.</summary>
    public static string Canonical(string provider)
    {
        string name = provider.Trim().ToLowerInvariant();
        return IsHost(name, out string host) ? host : IsVendor(name, out string vendor) ? vendor : name;
    }

    /// <summary>Lower is preferred where a name does not say who serves the model.</summary>
    public static int Rank(string canonical)
    {
        int index = Array.IndexOf(_firstParties, canonical);
        return index < 0 ? _firstParties.Length : index;
    }
}
