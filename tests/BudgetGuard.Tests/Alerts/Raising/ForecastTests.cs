using BudgetGuard.Accounting;
using BudgetGuard.Tests.Accounting;

namespace BudgetGuard.Tests.Alerts.Raising;

/// <summary>When a forecast is told, what it says, and when it is over.</summary>
public sealed class ForecastTests
{
    private static readonly BudgetTerms _day = Kit.Terms("day") with { AlertAt = [], SpikeFactor = 0 };

    private readonly Kit _kit = new(at: new DateTimeOffset(2026, 3, 2, 0, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData(0.8, 90, 1)]
    [InlineData(1.0, 90, 0)]
    [InlineData(1.5, 90, 0)]
    [InlineData(0, 90, 0)]
    public void A_share_is_forecast_where_the_window_will_use_it(double at, long percent, int times)
    {
        Steadily(Kit.Set(Kit.Of(_day with { ForecastAt = (decimal)at }, 2_880_000)), 100 * percent, 280);
        Assert.Equal(times, _kit.Told(AccountEventKind.Forecast).Length);
    }

    [Fact]
    public void A_share_that_was_passed_is_not_forecast()
    {
        AccountSet set = Kit.Set(Kit.Of(_day with { ForecastAt = 0.5m }, 2_880_000));
        _kit.Spend(set, 1_500_000);
        Steadily(set, 4_000, 280);
        Assert.Empty(_kit.Told(AccountEventKind.Forecast));
    }

    [Fact]
    public void A_window_is_forecast_once_and_so_is_the_next_and_the_end_of_a_window_is_its_recovery()
    {
        AccountSet set = Kit.Set(Kit.Of(_day, 2_880_000));
        DateTimeOffset start = _kit.Clock.GetUtcNow();
        Steadily(set, 11_000, 260);
        AccountEvent told = Assert.Single(_kit.Told(AccountEventKind.Forecast));
        Assert.InRange(told.GoneBy!.Value, start.AddHours(21), start.AddHours(24));
        _kit.Clock.Advance(TimeSpan.FromMinutes(28 * 5));
        _kit.Tracker.Scan();
        Assert.Equal(NoticeKind.Forecast, Assert.Single(_kit.Told(AccountEventKind.Recovered)).Notice);
        Steadily(set, 11_000, 260);
        Assert.Equal(2, _kit.Told(AccountEventKind.Forecast).Length);
    }

    [Fact]
    public void A_raised_limit_ends_a_forecast()
    {
        Steadily(Kit.Set(Kit.Of(_day, 2_880_000)), 11_000, 250);
        Assert.Single(_kit.Told(AccountEventKind.Forecast));
        Steadily(Kit.Set(Kit.Of(_day with { }, 28_800_000)), 11_000, 10);
        Assert.Equal(NoticeKind.Forecast, Assert.Single(_kit.Told(AccountEventKind.Recovered)).Notice);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Rolling_total_and_concurrency_budgets_are_not_forecast(int kind)
    {
        BudgetTerms terms = kind switch
        {
            0 => _day with { Window = Kit.Rolling(TimeSpan.FromDays(1)) },
            1 => _day with { Window = Kit.Calendar(BudgetPeriod.Total) },
            _ => _day with { Unit = BudgetUnit.Concurrency },
        };
        Steadily(Kit.Set(Kit.Of(terms, 2_880_000)), 9_900, 280);
        Assert.Empty(_kit.Told(AccountEventKind.Forecast));
    }

    [Theory]
    [InlineData("Europe/Berlin", 2026, 3, 28, 23, 23)]
    [InlineData("Europe/Berlin", 2026, 10, 24, 22, 25)]
    [InlineData("America/New_York", 2026, 3, 8, 5, 23)]
    [InlineData("America/New_York", 2026, 11, 1, 4, 25)]
    [InlineData("Australia/Lord_Howe", 2026, 4, 4, 13, 24.5)]
    [InlineData("Australia/Lord_Howe", 2026, 10, 3, 13.5, 23.5)]
    [InlineData("Asia/Kathmandu", 2026, 3, 2, 18.25, 24)]
    public void A_steady_day_is_forecast_well_whatever_its_length(string zone, int year, int month, int day, double from, double hours)
    {
        Kit kit = new(at: new DateTimeOffset(year, month, day, 0, 0, 0, TimeSpan.Zero).AddHours(from));
        int steps = (int)(hours * 12);
        AccountSet set = Kit.Set(Kit.Of(_day with { Window = Kit.Calendar(BudgetPeriod.Day, zone) }, steps * 1_000));
        Steadily(kit, set, 1_060, steps * 9 / 10);
        AccountEvent told = Assert.Single(kit.Told(AccountEventKind.Forecast));

        // Told as soon as the careful figure is above the limit, which is at 94 % of what will be used.
        Assert.InRange(told.Amount, steps * 1_000, steps * 1_060 * 1.05);
    }

    [Fact]
    public void The_largest_limits_and_amounts_are_forecast_without_nonsense()
    {
        Steadily(Kit.Set(Kit.Of(_day, long.MaxValue)), long.MaxValue / 260, 259);
        AccountEvent told = Assert.Single(_kit.Told(AccountEventKind.Forecast));
        Assert.InRange(told.Amount, long.MaxValue / 10 * 9, long.MaxValue);
    }

    private void Steadily(AccountSet set, long amount, int times) => Steadily(_kit, set, amount, times);

    private static void Steadily(Kit kit, AccountSet set, long amount, int times)
    {
        for (int i = 0; i < times; i++)
        {
            if (kit.TryHold(set, amount) is { Outcome: HoldOutcome.Held } held)
            {
                kit.Settle(held.Hold, amount);
            }

            kit.Tracker.Scan();
            kit.Clock.Advance(TimeSpan.FromMinutes(5));
        }
    }
}
