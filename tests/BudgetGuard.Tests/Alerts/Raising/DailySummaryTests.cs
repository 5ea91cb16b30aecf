using BudgetGuard.Accounting;
using BudgetGuard.Alerts.Raising;

namespace BudgetGuard.Tests.Alerts.Raising;

/// <summary>The summary is told once a local day, whatever the clocks do.</summary>
public sealed class DailySummaryTests
{
    [Theory]
    [InlineData("2026-03-28T12:00:00Z", "02:30", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z")]
    [InlineData("2026-10-24T12:00:00Z", "02:30", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")]
    [InlineData("2026-06-01T12:00:00Z", "23:59", "2026-06-01T21:59:00Z", "2026-06-02T21:59:00Z")]
    [InlineData("2026-06-01T12:00:00Z", "00:00", "2026-06-01T22:00:00Z", "2026-06-02T22:00:00Z")]
    public async Task A_summary_is_told_once_a_local_day_also_when_its_time_is_missing_or_comes_twice(string from, string at, string first, string second)
    {
        using UnstartedApp app = new(Utc(from), ("Alerts:DailySummaryAt", at), ("Alerts:TimeZone", "Europe/Berlin"));
        for (int minute = 0; minute < 48 * 60; minute++)
        {
            await LookAsync(app);
            app.Time.Advance(TimeSpan.FromMinutes(1));
        }

        List<BudgetAlert> raised = app.Raised();
        Assert.Equal([Utc(first), Utc(second)], raised.Select(alert => alert.At));
        Assert.Equal(2, raised.Select(alert => alert.Claim).Distinct().Count());
    }

    [Fact]
    public async Task A_look_that_comes_only_after_midnight_tells_the_day_before()
    {
        using UnstartedApp app = new(Utc("2026-06-01T23:58:50Z"), ("Alerts:DailySummaryAt", "23:59"));
        await LookAsync(app);
        app.Time.Advance(TimeSpan.FromSeconds(75));
        await LookAsync(app);
        await LookAsync(app);
        BudgetAlert told = Assert.Single(app.Raised());
        Assert.Contains("2026-06-01", told.Message, StringComparison.Ordinal);
        Assert.Equal("2026-06-01", told.Claim!.Subject);
    }

    [Fact]
    public async Task A_changed_time_is_told_at_the_new_one_and_not_for_what_is_past()
    {
        using UnstartedApp app = new(Utc("2026-06-01T08:00:00Z"), ("Alerts:DailySummaryAt", "12:00"));
        await LookAsync(app);
        app.Reconfigure("Alerts:DailySummaryAt", "07:00");
        await LookAsync(app);
        Assert.Empty(app.Raised());
        app.Reconfigure("Alerts:DailySummaryAt", "23:00");
        await LookAsync(app);
        app.Time.Advance(TimeSpan.FromHours(23));
        await LookAsync(app);
        app.Time.Advance(TimeSpan.FromHours(1));
        await LookAsync(app);
        Assert.All(app.Raised(), alert => Assert.Equal(AlertTypes.DailySummary, alert.Type));
    }

    [Theory]
    [InlineData(0, 0, "none")]
    [InlineData(3, 3, "b1 0 of 1")]
    [InlineData(60, 50, " and 10 more")]
    public async Task A_summary_names_each_budget_up_to_fifty(int budgets, int items, string part)
    {
        (string, string)[] keys = [("Alerts:DailySummaryAt", "09:00"), .. Enumerable.Range(1, budgets).SelectMany(static i => ((string, string)[])[($"Budgets:b{i}:Limit", "1"), ($"Budgets:b{i}:Period", "Day")])];
        using UnstartedApp app = new(Utc("2026-06-01T08:59:00Z"), keys);
        await LookAsync(app);
        app.Time.Advance(TimeSpan.FromMinutes(1));
        await LookAsync(app);
        BudgetAlert told = Assert.Single(app.Raised());
        Assert.Equal(items, told.Items.Count);
        Assert.Contains(part, told.Message, StringComparison.Ordinal);
    }

    private static DateTimeOffset Utc(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static async Task LookAsync(UnstartedApp app) => await app.Get<DailySummary>().TellIfDueAsync((IAccountScan)app.Get<ICostTracker>(), default);
}
