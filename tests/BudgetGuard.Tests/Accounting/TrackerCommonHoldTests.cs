namespace BudgetGuard.Tests.Accounting;

/// <summary>The common hold, which looks nothing up: it is granted only while its accounts are still in the windows and at the limits that were found.</summary>
public sealed class TrackerCommonHoldTests
{
    private readonly Kit _kit = new();
    private readonly Account _day = Kit.Of(Kit.Terms("day"), 100);

    [Fact]
    public void CommonHold_IsGrantedOnceItsAccountsWereFound_AndOnlyIfAllAdmitIt()
    {
        AccountSet set = Kit.Set(_day, Kit.Of(Kit.Terms("team", Kit.Calendar(BudgetPeriod.Month)), 60));
        Assert.False(IsGranted(set, 1));
        _kit.Spend(set, 10);
        Assert.False(IsGranted(set, 51));
        Assert.Equal(0, _kit.Tracker.OpenHolds);
        Assert.True(IsGranted(set, 50));
        Assert.False(IsGranted(set, 1));
        Assert.Equal((10, 50), (_kit.Read(_day).Settled, _kit.Read(_day).Held));
    }

    [Fact]
    public void CommonHold_AfterTheEndOfTheWindow_IsNotTakenInIt()
    {
        AccountSet set = Kit.Set(_day);
        _kit.Spend(set, 60);
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        Assert.False(IsGranted(set, 1));
        _kit.Hold(set, 100);
        Assert.Equal((0, 100), (_kit.Read(_day).Settled, _kit.Read(_day).Held));
    }

    [Fact]
    public void CommonHold_AfterTheEndOfARollingSlice_CountsFromThen()
    {
        Account rolling = Kit.Of(Kit.Terms("rolling", Kit.Rolling(TimeSpan.FromMinutes(1))), 100);
        AccountSet set = Kit.Set(rolling);
        _kit.Spend(set, 60);
        _kit.Clock.Advance(TimeSpan.FromSeconds(30));
        _kit.Spend(set, 40);
        _kit.Clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(40, _kit.Read(rolling).Settled);
    }

    [Fact]
    public void CommonHold_AfterTheClockWentBack_IsNotTakenInAWindowThatIsOver()
    {
        AccountSet one = Kit.Set(_day);
        AccountSet other = Kit.Set(_day);
        _kit.Spend(one, 60);
        DateTimeOffset before = _kit.Clock.GetUtcNow();
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        _kit.Spend(other, 10);
        _kit.Clock.AdjustTime(before);
        _kit.Hold(one, 40);
        Assert.Equal((10, 40), (_kit.Read(_day).Settled, _kit.Read(_day).Held));
    }

    [Fact]
    public void CommonHold_AfterAReload_MeetsTheNewLimit()
    {
        AccountSet old = Kit.Set(_day);
        _kit.Spend(old, 60);
        _kit.Hold(Kit.Set(Kit.Of(_day.Terms with { }, 70)), 0);
        Assert.False(IsGranted(old, 11));
        Assert.Equal(HoldOutcome.Refused, _kit.TryHold(old, 11).Outcome);
        Assert.True(IsGranted(old, 10));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void CommonHold_AfterItsAccountMadeRoom_IsTakenWhereItIsCounted(bool isConcurrency)
    {
        BudgetTerms terms = Kit.Terms("user", Kit.Rolling(TimeSpan.FromMinutes(1)), isConcurrency ? BudgetUnit.Concurrency : BudgetUnit.Usd)
            with { MaxTrackedPartitions = 1 };
        AccountSet ann = Kit.Set(Kit.Of(terms, 1, "ann"));
        _kit.Spend(ann, 1);
        _kit.Clock.Advance(TimeSpan.FromMinutes(3));
        _kit.Hold(Kit.Set(Kit.Of(terms, 1, "ben")), 1);
        _kit.Hold(ann, 1);
        Assert.Equal(1, _kit.Read(ann.Accounts[0]).Held);
        Assert.Equal(HoldOutcome.Refused, _kit.TryHold(Kit.Set(Kit.Of(terms, 1, "ann")), 1).Outcome);
    }

    private bool IsGranted(AccountSet set, long nanos) => _kit.Tracker.TryHold(new HoldRequest(set, Kit.Nanos(nanos), TimeSpan.FromDays(30)), out _);
}
