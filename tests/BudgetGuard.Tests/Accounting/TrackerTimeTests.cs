using BudgetGuard.Accounting;
using CsCheck;

namespace BudgetGuard.Tests.Accounting;

/// <summary>Windows, debt, and when to come back.</summary>
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

    [Theory]
    [InlineData(10)]
    [InlineData(4)]
    public void Debt_FollowsALateSettlement_ThatItsHoldCovers(long actual)
    {
        Account account = Kit.Of(Kit.Terms("day") with { CarryDebt = true }, 100);
        AccountSet set = Kit.Set(account);
        Hold late = _kit.Hold(set, 10);
        _kit.Settle(_kit.Hold(set, 50), 280);
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(180, _kit.Read(account).Debt);
        _kit.Settle(late, actual);
        Assert.Equal(180 + actual, _kit.Read(account).Debt);
    }

    [Fact]
    public void T162_HoldThatIsOpenSinceWindowsAgo_KeepsItsAccount()
    {
        BudgetTerms terms = Kit.Terms("minute", Kit.Calendar(BudgetPeriod.Minute)) with { MaxTrackedPartitions = 1 };
        AccountSet ann = Kit.Set(Kit.Of(terms, 10, "ann"));
        Hold first = _kit.Hold(ann, 1);
        Hold last = first;
        for (int i = 0; i < 3; i++)
        {
            _kit.Clock.Advance(TimeSpan.FromMinutes(1));
            Hold next = _kit.Hold(ann, 1);
            if (i > 0)
            {
                _kit.Settle(last, 1);
            }

            last = next;
        }

        _kit.Settle(last, 1);
        _kit.Clock.Advance(TimeSpan.FromMinutes(1));
        _kit.Spend(Kit.Set(Kit.Of(terms, 10, "ben")), 1);
        Assert.Single(_kit.Told(AccountEventKind.Overflowed));
        _kit.Settle(first, 1);
        _kit.Clock.Advance(TimeSpan.FromMinutes(1));
        _kit.Spend(Kit.Set(Kit.Of(terms, 10, "ben")), 1);
        Assert.Single(_kit.Told(AccountEventKind.Overflowed));
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
}
