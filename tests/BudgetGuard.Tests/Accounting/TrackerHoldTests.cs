namespace BudgetGuard.Tests.Accounting;

/// <summary>Holding: what is admitted, what is refused, and how a hold grows.</summary>
public sealed class TrackerHoldTests
{
    private readonly Kit _kit = new();
    private readonly Account _account = Kit.Of(Kit.Terms("day"), 100);
    private readonly Account _team = Kit.Of(Kit.Terms("team", Kit.Calendar(BudgetPeriod.Month)), 60);

    [Fact]
    public void T72_NegativeAmounts_AreRefusedAtEntry_AndChangeNothing()
    {
        AccountSet set = Kit.Set(_account);
        Hold hold = _kit.Hold(set, 10);
        foreach (Charge negative in new[] { Kit.Nanos(-1), Kit.Nanos(0, -1), Kit.Nanos(0, 0, -1), Kit.Nanos(long.MinValue) })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => _kit.TryHold(set, negative));
            Assert.Throws<ArgumentOutOfRangeException>(() => Kit.Now(_kit.Tracker.ExtendAsync(hold, negative, CancellationToken.None)));
            Assert.Throws<ArgumentOutOfRangeException>(() => Kit.Now(_kit.Tracker.SettleAsync(hold, negative, CancellationToken.None)));
            Assert.Throws<ArgumentOutOfRangeException>(() => Kit.Now(_kit.Tracker.AdjustAsync(hold, negative, Kit.Nanos(1), CancellationToken.None)));
            Assert.Throws<ArgumentOutOfRangeException>(() => Kit.Now(_kit.Tracker.AdjustAsync(hold, Kit.Nanos(1), negative, CancellationToken.None)));
        }

        Assert.Equal((0, 10), (_kit.Read(_account).Settled, _kit.Read(_account).Held));
        HoldRequest over = new(set, Kit.Nanos(1), TimeSpan.Zero);
        Assert.Throws<ArgumentOutOfRangeException>(() => Kit.Now(_kit.Tracker.HoldAsync(over, CancellationToken.None)));
    }

    [Fact]
    public void T75_HugeAmounts_AreRefused_AndNeverWrapRound()
    {
        Account shadow = Kit.Of(Kit.Terms("shadow") with { Enforced = false }, long.MaxValue);
        AccountSet set = Kit.Set(_account, shadow);
        Assert.Equal(HoldOutcome.Refused, _kit.TryHold(set, long.MaxValue).Outcome);
        AccountSet shadowed = Kit.Set(shadow);
        List<Hold> holds = [];
        for (int i = 0; i < 5; i++)
        {
            holds.Add(_kit.Hold(shadowed, long.MaxValue));
            AssertInRange(_kit.Read(shadow));
        }

        foreach (Hold hold in holds)
        {
            _kit.Settle(hold, long.MaxValue);
            AssertInRange(_kit.Read(shadow));
        }

        Assert.Equal(long.MaxValue, _kit.Read(shadow).Settled);
        _kit.Settle(_kit.Hold(Kit.Set(_account), 1), long.MaxValue);
        Assert.Equal(HoldOutcome.Refused, _kit.TryHold(Kit.Set(_account), 1).Outcome);
        Hold open = _kit.Hold(shadowed, 1);
        Assert.Equal(long.MaxValue, _kit.Extend(open, long.MaxValue).Hold.Amount.Cost.Nanos);
    }

    [Fact]
    public void T81_TenTenths_FillOneDollarExactly()
    {
        Account dollar = Kit.Of(Kit.Terms("dollar"), Money.FromUsd(1).Nanos);
        AccountSet set = Kit.Set(dollar);
        for (int i = 0; i < 10; i++)
        {
            _kit.Spend(set, Money.FromUsd(0.1m).Nanos);
        }

        Assert.Equal(HoldOutcome.Refused, _kit.TryHold(set, 1).Outcome);
        Assert.Equal(1m, Money.FromNanos(_kit.Read(dollar).Settled).Usd);
    }

    [Fact]
    public void T82_ExactlyAtTheLimit_IsAdmitted_OneUnitMoreIsNot()
    {
        AccountSet set = Kit.Set(_account);
        _kit.Spend(set, 40);
        Assert.Equal(HoldOutcome.Refused, _kit.TryHold(set, 61).Outcome);
        Assert.Equal(0, _kit.TryHold(set, 60).Remaining);
        AccountSet none = Kit.Set(Kit.Of(Kit.Terms("none"), 0));
        Refusal refusal = _kit.Refused(none, 1);
        Assert.True(refusal.ExceedsLimit);
        Assert.Null(refusal.RetryAt);
        _kit.Hold(none, 0);
    }

    [Fact]
    public void T82_FreeRequest_IsAdmittedByAnOvershotAccount()
    {
        AccountSet set = Kit.Set(_account);
        _kit.Settle(_kit.Hold(set, 1), 500);
        Assert.Equal(-400, _kit.Read(_account).Available);
        _kit.Hold(set, 0);
    }

    [Fact]
    public void T106_ExtendedHold_LivesOn_AndItsMoneyIsNeverFree()
    {
        _kit.Expired = ExpiredHolds.Release;
        AccountSet set = Kit.Set(Kit.Of(Kit.Terms("total", WindowSpec.Total), 100));
        Hold hold = _kit.Hold(set, 60, TimeSpan.FromMinutes(2));
        for (int minute = 0; minute < 12; minute++)
        {
            _kit.Clock.Advance(TimeSpan.FromMinutes(1));
            hold = _kit.Extend(hold, 0).Hold;
            Assert.Equal(HoldOutcome.Refused, _kit.TryHold(set, 41).Outcome);
        }

        _kit.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(HoldOutcome.Conflict, _kit.Extend(hold, 0).Outcome);
        _kit.Hold(set, 100);
    }

    [Fact]
    public void T106_ExtensionIsChecked_AndARefusedOneLeavesTheHold()
    {
        AccountSet set = Kit.Set(_account, _team);
        Hold hold = _kit.Hold(set, 50);
        HoldResult refused = _kit.Extend(hold, 11);
        Assert.Equal(HoldOutcome.Refused, refused.Outcome);
        Assert.Equal("team", Assert.Single(refused.Refusals).Account.Terms.Name);
        Assert.Equal((50, 50), (_kit.Read(_account).Held, _kit.Read(_team).Held));
        HoldResult grown = _kit.Extend(hold, 10);
        Assert.Equal((60, 0, 1), (grown.Hold.Amount.Cost.Nanos, grown.Remaining, grown.Tightest));
        _kit.Settle(grown.Hold, 55);
        Assert.Equal((55, 0), (_kit.Read(_team).Settled, _kit.Read(_team).Held));
    }

    [Fact]
    public void T108_OneExhaustedAccount_LeavesNoHoldOnTheOthers_AndAllWhoRefuseAreNamed()
    {
        Account user = Kit.Of(Kit.Terms("user"), 20, "alice");
        _kit.Spend(Kit.Set(_team), 60);
        HoldResult result = _kit.TryHold(Kit.Set(user, _team, _account), 30);
        Assert.Equal(HoldOutcome.Refused, result.Outcome);
        Assert.Equal(["user", "team"], result.Refusals.Select(r => r.Account.Terms.Name));
        Assert.Equal((0, 0), (_kit.Read(user).Held, _kit.Read(_account).Held));
        Assert.Equal(0, _kit.Tracker.OpenHolds);
    }

    [Fact]
    public void NamedHold_AskedTwice_IsTheSameHold_OtherPayloadOrOverIsAConflict()
    {
        HoldId id = new(1, 1);
        AccountSet set = Kit.Set(_account);
        Hold hold = _kit.Hold(set, 40, id: id);
        Assert.Equal(id, hold.Id);
        Assert.Equal(HoldOutcome.Held, _kit.TryHold(Kit.Set(Kit.Of(_account.Terms, 100)), Kit.Nanos(40), id: id).Outcome);
        Assert.Equal(40, _kit.Read(_account).Held);
        Assert.Equal(HoldOutcome.Conflict, _kit.TryHold(set, Kit.Nanos(41), id: id).Outcome);
        Assert.Equal(HoldOutcome.Conflict, _kit.TryHold(Kit.Set(_team), Kit.Nanos(40), id: id).Outcome);
        _kit.Extend(hold, 5);
        Assert.Equal(45, _kit.TryHold(set, Kit.Nanos(40), id: id).Hold.Amount.Cost.Nanos);
        _kit.Settle(hold, 40);
        Assert.Equal(HoldOutcome.Conflict, _kit.TryHold(set, Kit.Nanos(40), id: id).Outcome);
        Assert.Equal(40, _kit.Read(_account).Settled);
    }

    [Fact]
    public void ShadowBudget_ReportsTheRefusal_AndTakesTheHold()
    {
        Account shadow = Kit.Of(Kit.Terms("shadow") with { Enforced = false }, 10);
        HoldResult result = _kit.TryHold(Kit.Set(_account, shadow), 30);
        Assert.Equal(HoldOutcome.Held, result.Outcome);
        Assert.Equal("shadow", Assert.Single(result.Refusals).Account.Terms.Name);
        Assert.Equal((30, 30), (_kit.Read(_account).Held, _kit.Read(shadow).Held));
        Assert.Equal((1, -20), (result.Tightest, result.Remaining));
    }

    [Fact]
    public void Units_TakeTheirOwnPartOfACharge_AndConcurrencyIsOnlyHeld()
    {
        Account tokens = Kit.Of(Kit.Terms("tokens", unit: BudgetUnit.Tokens), 1_000);
        Account requests = Kit.Of(Kit.Terms("requests", unit: BudgetUnit.Requests), 5);
        Account slots = Kit.Of(Kit.Terms("slots", unit: BudgetUnit.Concurrency), 1);
        AccountSet set = Kit.Set(tokens, requests, slots, _account);
        HoldResult result = _kit.TryHold(set, new Charge(Money.FromNanos(60), 700));
        Assert.Equal((3, 40), (result.Tightest, result.Remaining));
        Refusal refusal = Assert.Single(_kit.TryHold(set, new Charge(Money.FromNanos(1))).Refusals);
        Assert.Equal("slots", refusal.Account.Terms.Name);
        Assert.True(refusal.IsHeldByOthers);
        Assert.Equal(Kit.Start + TimeSpan.FromSeconds(1), refusal.RetryAt);
        Kit.Now(_kit.Tracker.SettleAsync(result.Hold, new Charge(Money.FromNanos(50), 650), CancellationToken.None));
        Assert.Equal((650, 1, 0, 50), (_kit.Read(tokens).Settled, _kit.Read(requests).Settled, _kit.Read(slots).Settled, _kit.Read(_account).Settled));
        Assert.Equal(0, _kit.Read(slots).Held);
    }

    private static void AssertInRange(AccountState state)
    {
        Assert.True(state.Settled >= 0 && state.Held >= 0 && (Int128)state.Settled + state.Held + state.Debt <= long.MaxValue, state.ToString());
        Assert.True(state.Available <= state.Limit);
    }
}
