using BudgetGuard.Accounting;
using CsCheck;

namespace BudgetGuard.Tests.Accounting;

/// <summary>Windows, clocks that jump, debt, and when to come back.</summary>
public sealed class TrackerTimeTests
{
    private readonly Kit _kit = new();
    private readonly Account _day = Kit.Of(Kit.Terms("day"), 100);

    [Fact]
    public void T125_HoldAcrossMidnight_SettlesIntoItsOwnDay()
    {
        Hold hold = _kit.Hold(Kit.Set(_day), 50);
        _kit.Clock.Advance(TimeSpan.FromMinutes(5));
        _kit.Settle(hold, 70);
        Assert.Equal((0, 0), (_kit.Read(_day).Settled, _kit.Read(_day).Held));
        _kit.Clock.SetUtcNow(Kit.Start + TimeSpan.FromMinutes(6));
        _kit.Hold(Kit.Set(_day), 100);
    }

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

    [Fact]
    public void T132_WindowEnds_TheNextIsOpenWithoutAnyJob()
    {
        foreach (BudgetPeriod period in Enum.GetValues<BudgetPeriod>())
        {
            Kit kit = new();
            AccountSet set = Kit.Set(Kit.Of(Kit.Terms("p", Kit.Calendar(period)), 10));
            kit.Spend(set, 10);
            Refusal refusal = kit.Refused(set, 1);
            Assert.Equal(period == BudgetPeriod.Total, refusal.RetryAt is null);
            kit.Clock.SetUtcNow(refusal.RetryAt ?? DateTimeOffset.MaxValue);
            Assert.Equal(period == BudgetPeriod.Total ? HoldOutcome.Refused : HoldOutcome.Held, kit.TryHold(set, 10).Outcome);
        }
    }

    [Fact]
    public void T134_ProcessPaused_HoldsExpire_AndALateSettlementStillCounts()
    {
        Account total = Kit.Of(Kit.Terms("total", WindowSpec.Total), 100);
        Hold hold = _kit.Hold(Kit.Set(total), 60, TimeSpan.FromMinutes(1));
        _kit.Clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(HoldOutcome.Refused, _kit.TryHold(Kit.Set(total), 50).Outcome);
        _kit.Settle(hold, 40);
        Assert.Equal((40, 0), (_kit.Read(total).Settled, _kit.Read(total).Held));
    }

    [Fact]
    public void T135_FixedWindow_AllowsTwiceAtItsEdge_RollingWindowOnce()
    {
        Account rolling = Kit.Of(Kit.Terms("rolling", Kit.Rolling(TimeSpan.FromDays(1))), 100);
        _kit.Spend(Kit.Set(_day), 100);
        _kit.Spend(Kit.Set(rolling), 100);
        _kit.Clock.Advance(TimeSpan.FromMinutes(2));
        _kit.Spend(Kit.Set(_day), 100);
        Refusal refusal = _kit.Refused(Kit.Set(rolling), 1);
        Assert.True(refusal.RetryAt >= Kit.Start + TimeSpan.FromDays(1));
    }

    [Fact]
    public void T135_RollingWindow_NeverAdmitsMoreThanItsLimitInAnySpanOfItsLength() =>
        Gen.Select(Gen.Int[1, 400], Gen.Int[1, 6]).Array[5, 60].Sample(
            steps =>
            {
                Kit kit = new();
                AccountSet set = Kit.Set(Kit.Of(Kit.Terms("rolling", Kit.Rolling(TimeSpan.FromMinutes(10))), 10));
                List<(DateTimeOffset At, long Amount)> admitted = [];
                foreach ((int seconds, int amount) in steps)
                {
                    kit.Clock.Advance(TimeSpan.FromMilliseconds(seconds * 997));
                    if (kit.TryHold(set, amount) is { Outcome: HoldOutcome.Held } held)
                    {
                        kit.Settle(held.Hold, amount);
                        admitted.Add((kit.Clock.GetUtcNow(), amount));
                        DateTimeOffset since = kit.Clock.GetUtcNow() - TimeSpan.FromMinutes(10);
                        Assert.True(admitted.Where(a => a.At > since).Sum(a => a.Amount) <= 10);
                    }
                }
            },
            iter: 3_000,
            threads: 2);

    [Fact]
    public void T136_RetryAt_IsTheFirstInstantThatAdmits() =>
        Gen.Select(Gen.Int[0, 3], Gen.Bool, Gen.Select(Gen.Int[0, 5_000], Gen.Int[1, 12]).Array[1, 12], Gen.Int[1, 10]).Sample(
            (window, carries, steps, amount) =>
            {
                WindowSpec spec = window switch
                {
                    0 => Kit.Rolling(TimeSpan.FromMinutes(1)),
                    1 => Kit.Rolling(TimeSpan.FromTicks(7_000_000_001)),
                    2 => Kit.Calendar(BudgetPeriod.Minute),
                    _ => Kit.Calendar(BudgetPeriod.Day, "Europe/Berlin"),
                };
                Kit kit = new();
                AccountSet set = Kit.Set(Kit.Of(Kit.Terms("b", spec) with { CarryDebt = carries && window > 1 }, 10));
                foreach ((int milliseconds, int spent) in steps)
                {
                    kit.Clock.Advance(TimeSpan.FromMilliseconds(milliseconds));
                    HoldResult held = kit.TryHold(set, 1);
                    if (held.Outcome == HoldOutcome.Held)
                    {
                        kit.Settle(held.Hold, spent);
                    }
                }

                HoldResult result = kit.TryHold(set, amount);
                if (result.Outcome == HoldOutcome.Refused)
                {
                    DateTimeOffset retryAt = Assert.NotNull(Assert.Single(result.Refusals).RetryAt);
                    kit.Clock.SetUtcNow(retryAt - TimeSpan.FromTicks(1));
                    Assert.Equal(HoldOutcome.Refused, kit.TryHold(set, amount).Outcome);
                    kit.Clock.SetUtcNow(retryAt);
                    Assert.Equal(HoldOutcome.Held, kit.TryHold(set, amount).Outcome);
                }
            },
            iter: 20_000,
            threads: 2);

    [Fact]
    public void Debt_OpensTheNextWindow_IsPaidOffByUnusedOnes_AndFollowsLateSettlements()
    {
        Account account = Kit.Of(Kit.Terms("day") with { CarryDebt = true }, 100);
        AccountSet set = Kit.Set(account);
        Hold late = _kit.Hold(set, 10);
        _kit.Settle(_kit.Hold(set, 50), 280);
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(180, _kit.Read(account).Debt);
        _kit.Settle(late, 70);
        Assert.Equal(250, _kit.Read(account).Debt);
        _kit.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(50, _kit.Read(account).Debt);
        Assert.Equal(HoldOutcome.Refused, _kit.TryHold(set, 51).Outcome);
        _kit.Spend(set, 50);
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(0, _kit.Read(account).Debt);
    }

    [Fact]
    public void ExtensionAfterTheRollingSliceHasLeft_IsCountedAnewAsAWhole()
    {
        Account rolling = Kit.Of(Kit.Terms("rolling", Kit.Rolling(TimeSpan.FromMinutes(1))), 100);
        Hold hold = _kit.Hold(Kit.Set(rolling), 60);
        _kit.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(0, _kit.Read(rolling).Held);
        _kit.Extend(hold, 0);
        Assert.Equal(0, _kit.Read(rolling).Held);
        Assert.Equal(HoldOutcome.Refused, _kit.Extend(hold, 41).Outcome);
        hold = _kit.Extend(hold, 40).Hold;
        Assert.Equal(100, _kit.Read(rolling).Held);
        _kit.Settle(hold, 90);
        Assert.Equal(90, _kit.Read(rolling).Settled);
    }

    [Fact]
    public void ReadOfAnAccountNobodyUsed_IsEmpty_WithItsWindow()
    {
        AccountState state = _kit.Read(_day);
        Assert.Equal(new AccountState(0, 0, 0, 100, new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero), new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero)), state);
        AccountState total = _kit.Read(Kit.Of(Kit.Terms("total", WindowSpec.Total), 5));
        Assert.Equal(new AccountState(0, 0, 0, 5, null, null), total);
        Assert.Null(_kit.Read(Kit.Of(Kit.Terms("rolling", Kit.Rolling(TimeSpan.FromHours(1))), 5)).ResetsAt);
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
