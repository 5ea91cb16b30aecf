using BudgetGuard.Accounting;

namespace BudgetGuard.Tests.Accounting;

/// <summary>Clocks that jump, and the clocks of time zones.</summary>
public sealed class TrackerClockTests
{
    private readonly Account _day = Kit.Of(Kit.Terms("day"), 100);

    [Theory]
    [InlineData(1)]
    [InlineData(24)]
    [InlineData(24 * 40)]
    public void T126_ClockGoesBack_AClosedWindowStaysClosed(int hours)
    {
        SettableTime clock = new(Kit.Start);
        InMemoryCostTracker tracker = new(clock, () => ExpiredHolds.Charge);
        BudgetTerms terms = Kit.Terms("user") with { MaxTrackedPartitions = 1 };
        AccountSet alice = Kit.Set(Kit.Of(terms, 100, "alice"));
        AccountSet bob = Kit.Set(Kit.Of(terms, 100, "bob"));
        Spend(tracker, alice, 100);
        clock.Now = Kit.Start + TimeSpan.FromDays(1);
        Spend(tracker, alice, 100);
        clock.Now = Kit.Start + TimeSpan.FromDays(1) - TimeSpan.FromHours(hours);
        Assert.Equal(HoldOutcome.Refused, Ask(tracker, alice, 1));

        // Not even for an account that made room for another one in between.
        clock.Now = Kit.Start + TimeSpan.FromDays(2);
        Spend(tracker, bob, 100);
        clock.Now = Kit.Start + TimeSpan.FromDays(2) - TimeSpan.FromHours(hours);
        Assert.Equal(HoldOutcome.Refused, Ask(tracker, bob, 1));
        Spend(tracker, alice, 100);
        Assert.Equal(HoldOutcome.Refused, Ask(tracker, alice, 1));
    }

    [Fact]
    public void T126_ClockGoesBack_ARollingWindowForgetsNothing()
    {
        SettableTime clock = new(Kit.Start);
        InMemoryCostTracker tracker = new(clock, () => ExpiredHolds.Charge);
        AccountSet set = Kit.Set(Kit.Of(Kit.Terms("rolling", Kit.Rolling(TimeSpan.FromHours(1))), 100));
        Spend(tracker, set, 100);
        clock.Now = Kit.Start - TimeSpan.FromDays(1);
        Assert.Equal(HoldOutcome.Refused, Ask(tracker, set, 1));
        clock.Now = Kit.Start + TimeSpan.FromMinutes(59);
        Assert.Equal(HoldOutcome.Refused, Ask(tracker, set, 1));
        clock.Now = Kit.Start + TimeSpan.FromMinutes(61);
        Assert.Equal(HoldOutcome.Held, Ask(tracker, set, 1));
    }

    [Fact]
    public void T126_ClockGoesBack_ANewAccountOfARollingBudgetOpensWhereTheOthersAre()
    {
        SettableTime clock = new(Kit.Start);
        InMemoryCostTracker tracker = new(clock, () => ExpiredHolds.Charge);
        BudgetTerms terms = Kit.Terms("rolling", Kit.Rolling(TimeSpan.FromHours(1)));
        Spend(tracker, Kit.Set(Kit.Of(terms, 100, "alice")), 100);
        AccountSet bob = Kit.Set(Kit.Of(terms, 100, "bob"));
        clock.Now = Kit.Start - TimeSpan.FromMinutes(30);
        Spend(tracker, bob, 100);
        clock.Now = Kit.Start + TimeSpan.FromMinutes(59);
        Assert.Equal(HoldOutcome.Refused, Ask(tracker, bob, 1));
    }

    [Fact]
    public void T127_ClockJumpsADayAndBack_StartsOneNewWindow()
    {
        SettableTime clock = new(Kit.Start);
        InMemoryCostTracker tracker = new(clock, () => ExpiredHolds.Charge);
        AccountSet set = Kit.Set(_day);
        long admitted = 0;
        foreach (int minutes in new[] { 0, 24 * 60, 0, 1, 24 * 60, 2, 24 * 60, 30 })
        {
            clock.Now = Kit.Start + TimeSpan.FromMinutes(minutes);
            for (int i = 0; i < 20 && Ask(tracker, set, 10) == HoldOutcome.Held; i++)
            {
                admitted += 10;
            }
        }

        Assert.Equal(200, admitted);
    }

    [Theory]
    [InlineData("America/New_York", "2026-03-07T12:00:00Z")]
    [InlineData("America/New_York", "2026-10-31T12:00:00Z")]
    [InlineData("America/Santiago", "2026-09-05T12:00:00Z")]
    [InlineData("Asia/Beirut", "2026-03-28T12:00:00Z")]
    [InlineData("Africa/Cairo", "2026-04-23T12:00:00Z")]
    [InlineData("America/St_Johns", "2010-11-06T12:00:00Z")]
    public void T128_NightOfAClockChange_MinuteByMinute_ResetsOncePerLocalDay(string zone, string from)
    {
        DateTimeOffset start = DateTimeOffset.Parse(from, System.Globalization.CultureInfo.InvariantCulture);
        Kit kit = new(at: start);
        TimeZoneInfo info = TimeZoneInfo.FindSystemTimeZoneById(zone);
        AccountSet set = Kit.Set(Kit.Of(Kit.Terms("day", Kit.Calendar(BudgetPeriod.Day, zone)), 1));
        HashSet<DateTime> dates = [];
        int admitted = 0;
        for (int minute = 0; minute < 48 * 60; minute++)
        {
            kit.Clock.SetUtcNow(start.AddMinutes(minute));
            dates.Add(TimeZoneInfo.ConvertTime(start.AddMinutes(minute), info).Date);
            HoldResult result = kit.TryHold(set, 1);
            admitted += result.Outcome == HoldOutcome.Held ? 1 : 0;
            if (result.Outcome == HoldOutcome.Held)
            {
                kit.Settle(result.Hold, 1);
            }
        }

        Assert.Equal(dates.Count, admitted);
    }

    [Fact]
    public void T131_BudgetInTokyo_ResetsAt15Utc()
    {
        Kit kit = new(at: new DateTimeOffset(2026, 5, 5, 14, 59, 59, TimeSpan.Zero));
        AccountSet set = Kit.Set(Kit.Of(Kit.Terms("day", Kit.Calendar(BudgetPeriod.Day, "Asia/Tokyo")), 10));
        kit.Spend(set, 10);
        Assert.Equal(new DateTimeOffset(2026, 5, 5, 15, 0, 0, TimeSpan.Zero), kit.Refused(set, 1).RetryAt);
        kit.Clock.Advance(TimeSpan.FromSeconds(1));
        kit.Spend(set, 10);
    }

    private static HoldOutcome Ask(InMemoryCostTracker tracker, AccountSet set, long nanos)
    {
        HoldResult result = Kit.Now(tracker.HoldAsync(new HoldRequest(set, Kit.Nanos(nanos), TimeSpan.FromDays(100)), CancellationToken.None));
        if (result.Outcome == HoldOutcome.Held)
        {
            Kit.Now(tracker.SettleAsync(result.Hold, Kit.Nanos(nanos), CancellationToken.None));
        }

        return result.Outcome;
    }

    private static void Spend(InMemoryCostTracker tracker, AccountSet set, long nanos) => Assert.Equal(HoldOutcome.Held, Ask(tracker, set, nanos));

    /// <summary>A clock that may go back, which the fake one refuses to.</summary>
    private sealed class SettableTime(DateTimeOffset start) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = start;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
