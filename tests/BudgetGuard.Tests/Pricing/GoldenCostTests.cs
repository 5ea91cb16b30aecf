using System.Globalization;
using System.Text.Json;
using BudgetGuard.Tests.Metering;

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
        List<string> table = ["| recorded answer | ours, USD | other table, USD | why |", "|---|---|---|---|"];
        int rows = 0;
        foreach (JsonElement row in golden.RootElement.GetProperty("rows").EnumerateArray())
        {
            rows++;
            string file = row.GetProperty("file").GetString()!;
            JsonElement cost = row.TryGetProperty("cost_usd_with_iterations", out JsonElement all) ? all : row.GetProperty("cost_usd");
            decimal theirs = decimal.Parse(cost.GetString()!, CultureInfo.InvariantCulture);
            decimal ours = CostOf(expected.RootElement.GetProperty(file), file, folder);
            bool isNamed = _different.TryGetValue(file, out (decimal Ours, string Why) difference);
            decimal should = isNamed ? difference.Ours : Money.FromUsd(theirs).Usd;
            if (ours != should || (isNamed && ours == theirs))
            {
                wrong.Add($"{file} costs {ours}, expected {should}; the other table says {theirs} ({row.GetProperty("formula").GetString()})");
            }

            if (isNamed)
            {
                table.Add(string.Create(CultureInfo.InvariantCulture, $"| `{file}` | {ours} | {theirs} | {difference.Why} |"));
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Equal(72, rows);
        Assert.Equal(_different.Count, table.Count - 2);
        string page = Path.Combine(SharedData.RepositoryRoot, "docs", "golden-costs.md");
        Assert.Equal(table, File.ReadLines(page).Where(static line => line.StartsWith('|')));
    }

    /// <summary>What a recorded body costs: read as the meter reads it, priced as the guard prices it, save for a cost that the provider itself reported.</summary>
    private static decimal CostOf(JsonElement recorded, string file, string folder)
    {
        string api = recorded.GetProperty("api").GetString()!;
        TokenUsage usage = Answers.Read(RecordedUsageTests.ApiOf(api), File.ReadAllBytes(Path.Combine(folder, file)))!;
        string asked = recorded.GetProperty("model").GetString()!;
        decimal sum = 0;
        foreach (TokenUsage part in usage.Parts ?? [usage])
        {
            sum += Prices.Of(part.Model ?? asked, api.Split('.')[0]).CostOf(part with { ReportedCostUsd = null }, _recorded).Usd;
        }

        return sum;
    }
}
