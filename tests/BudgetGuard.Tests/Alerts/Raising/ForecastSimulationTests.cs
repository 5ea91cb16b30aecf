using BudgetGuard.Accounting;
using BudgetGuard.Tests.Accounting;
using Xunit.Abstractions;

namespace BudgetGuard.Tests.Alerts.Raising;

/// <summary>How often a forecast comes, how early, and how often it is false, over a thousand windows of each kind of traffic.</summary>
public sealed class ForecastSimulationTests(ITestOutputHelper output)
{
    private const long Limit = 1_000_000;
    private const int Windows = 1_000;

    [Theory]
    [InlineData("constant", BudgetPeriod.Day, 1, 0.95)]
    [InlineData("office", BudgetPeriod.Day, 1, 0.80)]
    [InlineData("bursty", BudgetPeriod.Day, 1, 0.80)]
    [InlineData("constant", BudgetPeriod.Month, 8, 0.95)]
    [InlineData("office", BudgetPeriod.Month, 8, 0.80)]
    [InlineData("bursty", BudgetPeriod.Month, 8, 0.80)]
    public void Forecasts_are_never_false_and_mostly_before_the_money_is_gone(string traffic, BudgetPeriod period, int stepQuarters, double least)
    {
        Kit kit = new(at: new DateTimeOffset(2026, 1, 4, 23, 0, 0, TimeSpan.Zero));
        TimeZoneInfo zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
        AccountSet set = Kit.Set(Kit.Of(
            Kit.Terms("b", new WindowSpec(period, zone)) with { Enforced = false, AlertAt = [], SpikeFactor = 0 }, Limit));
        CalendarWindows windows = new(period, zone);
        Random random = new(7);
        int burst = 0;
        int gone = 0;
        int warned = 0;
        int unjust = 0;
        double left = 0;
        for (int i = 0; i < Windows; i++)
        {
            CalendarWindow window = windows.At(kit.Clock.GetUtcNow().UtcTicks);
            double goal = 0.5 + (random.NextDouble() * 0.9);
            long total = 0;
            double? toldAt = null;
            long usedWhenTold = 0;
            kit.Events.Clear();
            while (kit.Clock.GetUtcNow().UtcTicks < window.End)
            {
                DateTimeOffset local = TimeZoneInfo.ConvertTime(kit.Clock.GetUtcNow(), zone);
                burst = burst > 0 ? burst - 1 : random.Next(60) == 0 ? random.Next(4, 16) : 0;
                bool works = local.Hour is >= 9 and < 17 && local.DayOfWeek is not (DayOfWeek.Saturday or DayOfWeek.Sunday);
                double weight = traffic switch { "constant" => 1, "office" => works ? 4.2 : 0, _ => burst > 0 ? 5 : 0.35 };
                double share = weight * (0.5 + random.NextDouble()) * TimeSpan.FromMinutes(15 * stepQuarters).Ticks / (window.End - window.Start);
                long amount = (long)(Limit * goal * share);
                if (amount > 0)
                {
                    kit.Spend(set, amount);
                    total += amount;
                }

                kit.Tracker.Scan();
                if (toldAt is null && kit.Told(AccountEventKind.Forecast).Length > 0)
                {
                    toldAt = (double)(window.End - kit.Clock.GetUtcNow().UtcTicks) / (window.End - window.Start);
                    usedWhenTold = total;
                }

                kit.Clock.Advance(TimeSpan.FromMinutes(15 * stepQuarters));
            }

            gone += total >= Limit ? 1 : 0;
            unjust += toldAt is not null && total < Limit * 9 / 10 ? 1 : 0;
            if (total >= Limit && toldAt is { } at && usedWhenTold < Limit)
            {
                warned++;
                left += at;
            }
        }

        output.WriteLine($"{traffic} {period}: {gone} of {Windows} windows used all, {warned} of them foretold, {left / Math.Max(1, warned):P0} of the window left, {unjust} false");
        Assert.Equal(0, unjust);
        Assert.True(warned >= least * gone, $"{traffic} {period}: {warned} of {gone} foretold, {unjust} false");
    }
}
