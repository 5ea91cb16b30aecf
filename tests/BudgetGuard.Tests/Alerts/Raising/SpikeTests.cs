using BudgetGuard.Accounting;
using BudgetGuard.Tests.Accounting;

namespace BudgetGuard.Tests.Alerts.Raising;

/// <summary>What is told of as unusual, and what is not.</summary>
public sealed class SpikeTests
{
    private static readonly BudgetTerms _day = Kit.Terms("day") with { AlertAt = [], ForecastAt = 0 };

    private readonly Kit _kit = new(at: new DateTimeOffset(2026, 3, 2, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_minute_far_above_the_usual_is_told_with_what_is_usual()
    {
        AccountSet set = Kit.Set(Kit.Of(_day, 100_000));
        for (int minute = 0; minute < 34; minute++)
        {
            Spend(set, 100, minute == 32 ? 15 : 1);
            _kit.Tracker.Scan();
            _kit.Clock.Advance(TimeSpan.FromMinutes(1));
        }

        AccountEvent told = Assert.Single(_kit.Told(AccountEventKind.Spiked));
        Assert.Equal((1_500, 100, true), (told.Amount, told.Expected, told.IsMinute));
    }

    [Theory]
    [InlineData(29, 10, 100_000, 50_000, 0)]
    [InlineData(30, 10, 100_000, 50_000, 1)]
    [InlineData(40, 0, 100_000, 50_000, 0)]
    [InlineData(40, 10, 1_000_000, 9_999, 0)]
    [InlineData(40, 10, 1_000_000, 10_000, 1)]
    public void A_request_is_told_once_enough_is_known_and_from_one_per_cent_on(int before, int factor, long limit, long amount, int times)
    {
        AccountSet set = Kit.Set(Kit.Of(_day with { SpikeFactor = factor }, limit));
        Spend(set, 100, before);
        _kit.Spend(set, amount);
        Assert.Equal(times, _kit.Told(AccountEventKind.Spiked).Length);
        Assert.All(_kit.Told(AccountEventKind.Spiked), told => Assert.Equal((amount, 100, false), (told.Amount, told.Expected, told.IsMinute)));
    }

    [Fact]
    public async Task The_next_is_told_after_an_hour_or_when_the_claim_was_released()
    {
        Account account = Kit.Of(_day, 10_000_000);
        AccountSet set = Kit.Set(account);
        Spend(set, 100, 200);
        foreach ((int minutes, int amount, int times) in new[] { (0, 200_000, 1), (59, 200_000, 1), (1, 2_000_000, 2) })
        {
            _kit.Clock.Advance(TimeSpan.FromMinutes(minutes));
            _kit.Tracker.Scan();
            _kit.Spend(set, amount);
            Assert.Equal(times, _kit.Told(AccountEventKind.Spiked).Length);
        }

        await _kit.Tracker.ReleaseAlertAsync(new AlertClaim { Type = AlertTypes.CostSpike, Account = account }, CancellationToken.None);
        _kit.Spend(set, 7_000_000);
        Assert.Equal(3, _kit.Told(AccountEventKind.Spiked).Length);
    }

    [Fact]
    public void Growth_of_one_per_cent_a_request_is_followed()
    {
        AccountSet set = Kit.Set(Kit.Of(_day with { Enforced = false }, 100_000_000));
        double amount = 1_000;
        for (int i = 0; i < 900; i++, amount *= 1.01)
        {
            _kit.Spend(set, (long)amount);
        }

        Assert.Empty(_kit.Told(AccountEventKind.Spiked));
        Assert.True(amount > 5_000_000);
    }

    [Fact]
    public void Growth_of_ten_per_cent_is_followed_where_each_amount_teaches()
    {
        Habit habit = new();
        double amount = 1_000;
        for (int i = 0; i < 200; i++, amount *= 1.1)
        {
            Assert.False(habit.IsUnusual((long)amount, 10));
            habit.Observe((long)amount);
        }
    }

    [Fact]
    public void Of_mixed_traffic_little_is_told()
    {
        int told = 0;
        for (int seed = 1; seed <= 20; seed++)
        {
            Kit kit = new(at: Kit.Start);
            AccountSet set = Kit.Set(Kit.Of(_day, 100_000));
            Random random = new(seed);
            for (int i = 0; i < 10_000; i++)
            {
                kit.Spend(set, random.Next(80, 120) * (random.Next(10) == 0 ? 10 : 1));
                kit.Clock.Advance(TimeSpan.FromMinutes(6));
            }

            told += kit.Told(AccountEventKind.Spiked).Length;
        }

        Assert.Equal(0, told);
    }

    [Fact]
    public void Amounts_of_any_size_stay_within_what_was_seen()
    {
        for (int seed = 1; seed <= 50; seed++)
        {
            Random random = new(seed);
            Habit habit = new();
            (long least, long most) = (long.MaxValue, 0);
            for (int i = 0; i < 500; i++)
            {
                long amount = random.Next(5) switch { 0 => 0, 1 => 1, 2 => long.MaxValue, 3 => random.Next(1_000), _ => random.NextInt64() };
                bool unusual = habit.IsUnusual(amount, 10);
                Assert.False(unusual && (i < Habit.Enough || amount <= 10m * habit.Median));
                habit.Observe(amount);
                (least, most) = (Math.Min(least, amount), Math.Max(most, amount));
                Assert.InRange(habit.Median, least, most);
            }
        }
    }

    private void Spend(AccountSet set, long amount, int times)
    {
        for (int i = 0; i < times; i++)
        {
            _kit.Spend(set, amount);
        }
    }
}
