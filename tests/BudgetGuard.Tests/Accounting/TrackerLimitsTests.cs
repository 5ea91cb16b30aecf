using BudgetGuard.Accounting;

namespace BudgetGuard.Tests.Accounting;

/// <summary>What is bounded, what is told, and what a reload changes.</summary>
public sealed class TrackerLimitsTests
{
    private readonly Kit _kit = new();

    [Fact]
    public void T162_IdleAccounts_MakeRoom_OthersDoNot()
    {
        BudgetTerms terms = Kit.Terms("user") with { MaxTrackedPartitions = 2, CarryDebt = true };
        AccountSet[] sets = [.. new[] { "ann", "ben", "cat", "dan", "eve" }.Select(name => Kit.Set(Kit.Of(terms, 10, name)))];
        _kit.Spend(sets[0], 10);
        Hold open = _kit.Hold(sets[1], 10);
        Assert.Equal(0, _kit.TryHold(sets[2], 10).Remaining);
        Assert.Equal(HoldOutcome.Refused, _kit.TryHold(sets[3], 1).Outcome);

        // Ann's window is over, Ben's hold is still open, and what the others shared is held open too.
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(HoldOutcome.Held, _kit.TryHold(sets[3], 10).Outcome);
        Assert.Equal(HoldOutcome.Refused, _kit.TryHold(sets[2], 1).Outcome);
        _kit.Settle(open, 25);
        Assert.Equal((0, 15), (_kit.Read(sets[1].Accounts[0]).Settled, _kit.Read(sets[1].Accounts[0]).Debt));
        _kit.Clock.Advance(TimeSpan.FromDays(30));
        Assert.Equal(2, _kit.Told(AccountEventKind.Overflowed).Length);
    }

    [Fact]
    public void T162_EvictedAccount_IsFoundAnew_ByASetThatKnewTheOldOne()
    {
        BudgetTerms terms = Kit.Terms("user") with { MaxTrackedPartitions = 1 };
        AccountSet ann = Kit.Set(Kit.Of(terms, 10, "ann"));
        AccountSet ben = Kit.Set(Kit.Of(terms, 10, "ben"));
        _kit.Spend(ann, 10);
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        _kit.Spend(ben, 10);
        Assert.True(_kit.Tracker.ReadFreedVersion(ann) < 0);
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        _kit.Spend(ann, 4);
        Assert.Equal(4, _kit.Read(ann.Accounts[0]).Settled);
        Assert.Equal(6, _kit.TryHold(Kit.Set(Kit.Of(terms, 10, "ann")), 0).Remaining);
    }

    [Fact]
    public void T162_AccountWithAHoldOpenInAnEarlierWindow_MakesNoRoom()
    {
        BudgetTerms terms = Kit.Terms("user") with { MaxTrackedPartitions = 1, CarryDebt = true };
        AccountSet ann = Kit.Set(Kit.Of(terms, 10, "ann"));
        Hold open = _kit.Hold(ann, 10);
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        _kit.Spend(ann, 1);
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        _kit.Hold(Kit.Set(Kit.Of(terms, 10, "ben")), 1);
        _kit.Settle(open, 35);

        // 25 above the first day's limit, of which the second day, which used 1, paid off 9.
        Assert.Equal(16, _kit.Read(ann.Accounts[0]).Debt);
    }

    [Fact]
    public void T162_UnlimitedSlotsOfManyUsers_DoNotFillTheTable()
    {
        BudgetTerms terms = Kit.Terms("slots", unit: BudgetUnit.Concurrency) with { MaxTrackedPartitions = 3 };
        for (int i = 0; i < 100; i++)
        {
            Hold hold = _kit.Hold(Kit.Set(Kit.Of(terms, 1, $"user{i}")), 0);
            _kit.Settle(hold, 0);
        }

        Assert.Empty(_kit.Told(AccountEventKind.Overflowed));
    }

    [Fact]
    public void T164_MillionNamedHolds_AreRememberedInABoundedNumber()
    {
        AccountSet set = Kit.Set(Kit.Of(Kit.Terms("total", WindowSpec.Total), long.MaxValue));
        for (ulong i = 1; i <= 1_000_000; i++)
        {
            Hold hold = _kit.Hold(set, 1, id: new HoldId(i, i));
            if (i % 2 == 0)
            {
                _kit.Settle(hold, 1);
            }
            else
            {
                _kit.Release(hold);
            }
        }

        Assert.True(_kit.Tracker.Capacity < 70_000, $"{_kit.Tracker.Capacity} slots.");
        Assert.Equal(500_000, _kit.Read(set.Accounts[0]).Settled);
        Assert.Equal(HoldOutcome.Conflict, _kit.TryHold(set, Kit.Nanos(1), id: new HoldId(999_999, 999_999)).Outcome);
    }

    [Fact]
    public void T164_ForgottenReleasedHold_SettledAfterAll_IsChargedOnce()
    {
        AccountSet set = Kit.Set(Kit.Of(Kit.Terms("total", WindowSpec.Total), long.MaxValue));
        Hold first = _kit.Hold(set, 5);
        _kit.Release(first);
        for (int i = 0; i < 70_000; i++)
        {
            _kit.Release(_kit.Hold(set, 1));
        }

        _kit.Settle(first, 5);
        _kit.Settle(first, 5);
        Assert.Equal(5, _kit.Read(set.Accounts[0]).Settled);
    }

    [Fact]
    public void T121_ReloadedLimit_AppliesToWhatWasSpent_AlsoForSetsOfTheOldSettings()
    {
        BudgetTerms terms = Kit.Terms("day");
        AccountSet old = Kit.Set(Kit.Of(terms, 100));
        _kit.Spend(old, 60);
        long freed = _kit.Tracker.ReadFreedVersion(old);
        AccountSet lower = Kit.Set(Kit.Of(terms with { }, 70));
        Assert.Equal(10, _kit.TryHold(lower, 0).Remaining);
        Assert.Equal(HoldOutcome.Refused, _kit.TryHold(old, 11).Outcome);
        Assert.Equal(freed, _kit.Tracker.ReadFreedVersion(old));
        AccountSet higher = Kit.Set(Kit.Of(terms with { }, 200));
        Assert.Equal(140, _kit.TryHold(higher, 0).Remaining);
        Assert.NotEqual(freed, _kit.Tracker.ReadFreedVersion(old));
        Assert.Equal((60, 200), (_kit.Read(higher.Accounts[0]).Settled, _kit.Read(higher.Accounts[0]).Limit));
    }

    [Fact]
    public void T121_RequestUnderWayAtAReload_DoesNotBringTheOldLimitBack()
    {
        BudgetTerms terms = Kit.Terms("day");
        _kit.Spend(Kit.Set(Kit.Of(terms, 100)), 60);
        AccountSet lower = Kit.Set(Kit.Of(terms with { }, 70));
        _kit.Spend(lower, 1);
        AccountSet late = Kit.Set(Kit.Of(terms, 100));
        Assert.Equal(HoldOutcome.Refused, _kit.TryHold(late, 10).Outcome);
        Assert.Equal(HoldOutcome.Refused, _kit.TryHold(lower, 10).Outcome);
        _kit.Spend(lower, 9);
    }

    [Fact]
    public void OverridesOfOneReload_KeepTheirOwnLimits_OnASharedAccount()
    {
        BudgetTerms terms = Kit.Terms("day");
        AccountSet small = Kit.Set(Kit.Of(terms, 10));
        AccountSet large = Kit.Set(Kit.Of(terms, 100));
        _kit.Spend(small, 10);
        _kit.Spend(large, 50);
        Assert.Equal(HoldOutcome.Refused, _kit.TryHold(small, 1).Outcome);
        _kit.Spend(large, 40);
    }

    [Fact]
    public void TwoTrackers_WithOneSet_KeepSeparateAccounts()
    {
        Kit other = new();
        AccountSet set = Kit.Set(Kit.Of(Kit.Terms("day"), 10));
        _kit.Spend(set, 10);
        other.Spend(set, 4);
        Assert.Equal(HoldOutcome.Refused, _kit.TryHold(set, 1).Outcome);
        Assert.Equal(6, other.TryHold(set, 0).Remaining);
        Hold foreign = other.Hold(set, 1);
        _kit.Settle(foreign, 1);
        Assert.Equal((11, 1), (_kit.Read(set.Accounts[0]).Settled, other.Read(set.Accounts[0]).Held));
    }

    [Fact]
    public void OneBudgetNamedTwice_IsAnError()
    {
        BudgetTerms terms = Kit.Terms("day");
        Assert.Throws<ArgumentException>(() => _kit.TryHold(Kit.Set(Kit.Of(terms, 10), Kit.Of(terms, 10)), 1));
    }

    [Fact]
    public void FreedVersion_ChangesWithEveryWayMoneyComesBack_AndOnlyThen()
    {
        AccountSet set = Kit.Set(Kit.Of(Kit.Terms("day"), 100));
        Hold released = _kit.Hold(set, 10);
        Hold settled = _kit.Hold(set, 10, TimeSpan.FromMinutes(10));
        Hold expiring = _kit.Hold(set, 10, TimeSpan.FromSeconds(1));
        long version = _kit.Tracker.ReadFreedVersion(set);
        _kit.Hold(set, 10);
        _kit.Settle(settled, 10);
        _kit.Adjust(settled, 10, 12);
        Assert.Equal(version, _kit.Tracker.ReadFreedVersion(set));
        List<Action> ways =
        [
            () => _kit.Release(released),
            () => _kit.Settle(_kit.Hold(set, 10), 9),
            () => _kit.Adjust(settled, 12, 11),
            () =>
            {
                _kit.Clock.Advance(TimeSpan.FromSeconds(1));
                _kit.Read(set.Accounts[0]);
            },
        ];
        foreach (Action way in ways)
        {
            way();
            Assert.NotEqual(version, _kit.Tracker.ReadFreedVersion(set));
            version = _kit.Tracker.ReadFreedVersion(set);
        }

        Assert.Equal(HoldOutcome.Conflict, _kit.Extend(expiring, 0).Outcome);
    }

    [Fact]
    public void Threshold_IsToldOncePerWindow_TheHighestOfThoseCrossed()
    {
        Account account = Kit.Of(Kit.Terms("day") with { AlertAt = [0.5m, 0.8m, 1m] }, 100);
        AccountSet set = Kit.Set(account);
        _kit.Spend(set, 49);
        Assert.Empty(_kit.Events);
        _kit.Spend(set, 1);
        _kit.Spend(set, 10);
        _kit.Spend(set, 40);
        Assert.Equal([0.5m, 1m], _kit.Told(AccountEventKind.ThresholdReached).Select(e => e.Threshold));
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        _kit.Spend(set, 85);
        AccountEvent last = _kit.Told(AccountEventKind.ThresholdReached)[^1];
        Assert.Equal((0.8m, 85), (last.Threshold, last.State.Settled));
    }

    [Fact]
    public void Threshold_OfARollingWindow_IsToldAgainAfterItsLength()
    {
        AccountSet set = Kit.Set(Kit.Of(Kit.Terms("rolling", Kit.Rolling(TimeSpan.FromMinutes(1))) with { AlertAt = [0.5m] }, 100));
        for (int second = 0; second < 200; second++)
        {
            _kit.Clock.Advance(TimeSpan.FromSeconds(1));
            if (_kit.TryHold(set, 3) is { Outcome: HoldOutcome.Held } held)
            {
                _kit.Settle(held.Hold, 3);
            }
        }

        Assert.InRange(_kit.Told(AccountEventKind.ThresholdReached).Length, 2, 4);
    }

    [Fact]
    public void Debt_ReachesThresholds_WhenTheWindowOpens()
    {
        AccountSet set = Kit.Set(Kit.Of(Kit.Terms("day") with { CarryDebt = true, AlertAt = [0.5m] }, 100));
        _kit.Settle(_kit.Hold(set, 1), 170);
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        _kit.Read(set.Accounts[0]);
        Assert.Equal([(170, 0), (0, 70)], _kit.Told(AccountEventKind.ThresholdReached).Select(e => (e.State.Settled, e.State.Debt)));
    }

    [Fact]
    public void Refusals_AreToldOncePerWindowAndReason()
    {
        AccountSet set = Kit.Set(Kit.Of(Kit.Terms("day"), 100));
        Hold hold = _kit.Hold(set, 100);
        Assert.True(_kit.Refused(set, 1).IsHeldByOthers);
        _kit.Settle(hold, 100);
        for (int i = 0; i < 10; i++)
        {
            Assert.False(_kit.Refused(set, 1).IsHeldByOthers);
        }

        Assert.Equal([true, false], _kit.Told(AccountEventKind.Refused).Select(e => e.Refusal!.IsHeldByOthers));
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        _kit.Spend(set, 100);
        _kit.Refused(set, 1);
        Assert.Equal(3, _kit.Told(AccountEventKind.Refused).Length);
    }
}
