using System.Globalization;
using Xunit.Abstractions;

namespace BudgetGuard.Tests.Alerts.Raising;

/// <summary>How often a forecast comes, how early, and how often it is false, over a thousand windows of each kind of traffic.</summary>
public sealed class ForecastSimulationTests(ITestOutputHelper output)
{
    private static readonly string[] _kinds = ["constant", "office", "bursty"];

    private static int Seeds { get; } = Environment.GetEnvironmentVariable("BUDGETGUARD_FULL") == "1" ? 30 : 1;

    [Fact]
    public void Forecasts_are_never_false_come_before_the_money_is_gone_and_the_page_says_how_early()
    {
        List<string> table =
        [
            "| traffic | window | rule | used all | foretold | lead | ended at 90 to 100 % | false |",
            "|---|---|---|---|---|---|---|---|",
        ];
        foreach (BudgetPeriod period in new[] { BudgetPeriod.Day, BudgetPeriod.Month })
        {
            foreach (string kind in _kinds)
            {
                table.Add(Row(kind, period, "ours", Ours(kind, period, 7)));
                table.Add(Row(kind, period, "simple, from 10 %", new ForecastTraffic(kind, period, 7).Measure(ForecastTraffic.Simple(0.1))));
                table.Add(Row(kind, period, "simple, from 50 %", new ForecastTraffic(kind, period, 7).Measure(ForecastTraffic.Simple(0.5))));
            }
        }

        output.WriteLine(string.Join('\n', table));
        string page = Path.Combine(SharedData.RepositoryRoot, "docs", "alerts", "forecasts-and-spikes.md");
        Assert.Equal(table, File.ReadLines(page).SkipWhile(line => line != table[0]).TakeWhile(static line => line.StartsWith('|')));
    }

    [Fact]
    public void Forecasts_are_never_false_with_other_seeds()
    {
        for (int seed = 1; seed <= Seeds; seed++)
        {
            foreach (string kind in _kinds)
            {
                Ours(kind, BudgetPeriod.Day, 50_000 + seed);
                if (Seeds > 1)
                {
                    Ours(kind, BudgetPeriod.Month, 50_000 + seed);
                }
            }
        }
    }

    private static ForecastFigures Ours(string kind, BudgetPeriod period, int seed)
    {
        ForecastFigures figures = new ForecastTraffic(kind, period, seed).Measure(ForecastTraffic.Ours());
        Assert.True(figures.Unjust == 0, $"{kind} {period}, seed {seed}: {figures.Unjust} false");
        Assert.True(figures.Foretold >= 0.99 * figures.Gone, $"{kind} {period}, seed {seed}: {figures.Foretold} of {figures.Gone} foretold");
        return figures;
    }

    private static string Row(string kind, BudgetPeriod period, string rule, ForecastFigures f) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {kind} | {period} | {rule} | {f.Gone} | {f.Foretold} | {f.Lead * 100:F1} % | {f.Near} | {f.Unjust} |");
}
