using BudgetGuard.Accounting;
using BudgetGuard.Tests.Rig;

namespace BudgetGuard.Tests.Accounting;

/// <summary>What the tracker keeps does not grow with what it has seen.</summary>
[Collection(nameof(RunsAlone))]
public sealed class TrackerMemoryTests
{
    private readonly Kit _kit = new();

    [Fact]
    public void T162_MillionUserIds_StayBounded_AndLiveSpendIsKept()
    {
        BudgetTerms terms = Kit.Terms("user") with { MaxTrackedPartitions = 1_000 };
        Account alice = Kit.Of(terms, 10, "alice");
        _kit.Spend(Kit.Set(alice), 7);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        long admitted = 0;
        for (int i = 0; i < 1_000_000; i++)
        {
            HoldResult result = _kit.TryHold(Kit.Set(Kit.Of(terms, 10, $"user{i}")), 1);
            if (result.Outcome == HoldOutcome.Held)
            {
                _kit.Settle(result.Hold, 1);
                admitted++;
            }
        }

        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(grown < 20_000_000, $"{grown:N0} bytes more than before.");

        // 999 own accounts that were used once each, and one of 10 for all others.
        Assert.Equal(1_009, admitted);
        Assert.Equal(7, _kit.Read(alice).Settled);
        Assert.Single(_kit.Told(AccountEventKind.Overflowed));
    }

    [Fact]
    public void T162_AccountThatIsNeverWithoutAHold_RemembersOnlyTheWindowsInWhichHoldsAreOpen()
    {
        AccountSet set = Kit.Set(Kit.Of(Kit.Terms("minute", Kit.Calendar(BudgetPeriod.Minute)), 10));
        Hold first = _kit.Hold(set, 1);
        Hold last = _kit.Hold(set, 1);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < 100_000; i++)
        {
            _kit.Clock.Advance(TimeSpan.FromMinutes(1));
            Hold next = _kit.Hold(set, 1, TimeSpan.FromDays(365));
            _kit.Settle(last, 1);
            last = next;
            if (i == 10)
            {
                _kit.Settle(first, 1);
            }
        }

        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(grown < 1_000_000, $"{grown:N0} bytes more than before.");
    }
}
