using System.Globalization;
using System.Text.Json;

namespace BudgetGuard.Tests.Pricing;

/// <summary>The recorded calls whose cost another price table was asked for: at equal rates the cost must be equal to the nano-dollar.</summary>
public sealed class GoldenCostTests
{
    // When most of the calls were recorded: before the cuts of GPT-5.6 in summer 2026.
    private static readonly DateTimeOffset _recorded = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);

    // The rates differ between the two tables; each with our cost in dollars and the reason.
    private static readonly Dictionary<string, (decimal Ours, string Why)> _different = new()
    {
        ["openai/chat-audio-input.json"] = (0.0009225m, "ours has no audio rates of gpt-4o-audio-preview"),
        ["openai/chat-audio-output.json"] = (0.0000141m, "ours has no audio rates of gpt-4o-mini-audio-preview"),
        ["gemini/vertex-stream-flex.sse"] = (0.00015275m, "theirs has no flex price of gemini-3-flash-preview; Google halves it"),
        ["mistral/chat-num-cached-tokens.json"] = (0.0000978m, "theirs has no cached rate of mistral-medium-latest"),
        ["openrouter/chat-cost.json"] = (0.00001036m, "0.43 and 1.74 against 0.4 and 1.75; OpenRouter reported 0.000014"),
        ["openrouter/responses-cache-write-cost.json"] = (0.010096m, "ours has today's price of openai/gpt-5.6-sol at OpenRouter without its date"),
        ["openrouter/responses-cache-read-cost.json"] = (0.0008684m, "ours has today's price of openai/gpt-5.6-sol at OpenRouter without its date"),
        ["perplexity/chat.json"] = (0.012403m, "theirs lacks the fee of 12 dollars for a thousand requests"),
    };

    [SharedDataFact]
    public void T68_RecordedCalls_cost_what_another_table_says_or_are_named_with_the_reason()
    {
        string folder = Path.Combine(SharedData.Folder!, "usage");
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "golden-costs.json")));
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected.json")));
        List<string> wrong = [];
        int rows = 0;
        foreach (JsonElement row in golden.RootElement.GetProperty("rows").EnumerateArray())
        {
            rows++;
            string file = row.GetProperty("file").GetString()!;
            decimal theirs = decimal.Parse(row.GetProperty("cost_usd").GetString()!, CultureInfo.InvariantCulture);
            (decimal ours, string name) = CostOf(expected.RootElement.GetProperty(file), TierOf(row));
            bool isNamed = _different.TryGetValue(file, out (decimal Ours, string Why) difference);
            decimal should = isNamed ? difference.Ours : Money.FromUsd(theirs).Usd;
            if (ours != should || (isNamed && ours == theirs))
            {
                wrong.Add($"{file}: {name} costs {ours}, expected {should}; the other table says {theirs} ({row.GetProperty("formula").GetString()})");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Equal(72, rows);
    }

    private static string? TierOf(JsonElement row) => row.GetProperty("service_tier").GetString();

    private static (decimal Usd, string Name) CostOf(JsonElement recorded, string? tier)
    {
        string model = recorded.GetProperty("model").GetString()!;
        string provider = recorded.GetProperty("api").GetString()!.Split('.')[0];
        ModelPrice price = Prices.Of(model, provider);
        JsonElement usage = recorded.GetProperty("usage");
        long Count(string name) => usage.TryGetProperty(name, out JsonElement count) ? count.GetInt64() : 0;
        TokenUsage used = new()
        {
            InputTokens = Count("input_total"),
            OutputTokens = Count("output_total"),
            CacheReadTokens = Count("cache_read"),
            CacheWriteTokens = Count("cache_write") - Count("cache_write_1h"),
            CacheWrite1hTokens = Count("cache_write_1h"),
            ReasoningTokens = Count("reasoning"),
            AudioInputTokens = Count("input_audio"),
            AudioOutputTokens = Count("output_audio"),
            ImageInputTokens = Count("input_image"),
            ImageOutputTokens = Count("output_image"),
            CachedAudioInputTokens = Count("cache_read_audio"),
            WebSearches = recorded.TryGetProperty("server_tools", out JsonElement tools) && tools.TryGetProperty("web_search", out JsonElement searches)
                ? searches.GetInt64()
                : 0,
            ServiceTier = tier,
        };
        return (price.CostOf(used, _recorded).Usd, $"{price.Provider} {price.Model}");
    }
}
