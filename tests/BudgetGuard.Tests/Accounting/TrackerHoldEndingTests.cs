using BudgetGuard.Accounting;

namespace BudgetGuard.Tests.Accounting;

/// <summary>What becomes of a hold: settled, released, expired or corrected, and each once.</summary>
public sealed class TrackerHoldEndingTests
{
    private readonly Kit _kit = new();
    private readonly Account _account = Kit.Of(Kit.Terms("day"), 100);
    private readonly Account _team = Kit.Of(Kit.Terms("team", Kit.Calendar(BudgetPeriod.Month)), 60);

    [Fact]
    public void T88_Settle_GivesTheRestBackAtOnce()
    {
        Hold hold = _kit.Hold(Kit.Set(_account), 50);
        _kit.Settle(hold, 2);
        Assert.Equal((2, 0, 98), (_kit.Read(_account).Settled, _kit.Read(_account).Held, _kit.Read(_account).Available));
    }

    [Fact]
    public void T89_SettlementAboveTheHold_IsChargedInFull_AndTold()
    {
        AccountSet set = Kit.Set(_account);
        _kit.Settle(_kit.Hold(set, 50), 70);
        Assert.Empty(_kit.Told(AccountEventKind.Overshot));
        _kit.Settle(_kit.Hold(set, 30), 90);
        AccountEvent overshot = Assert.Single(_kit.Told(AccountEventKind.Overshot));
        Assert.Equal((60, 160), (overshot.Amount, overshot.State.Settled));
        Assert.Equal(HoldOutcome.Refused, _kit.TryHold(set, 1).Outcome);
    }

    [Fact]
    public void T104_SettledTwice_OrReleasedAfterwards_IsChargedOnce()
    {
        Hold hold = _kit.Hold(Kit.Set(_account), 50);
        _kit.Settle(hold, 30);
        _kit.Settle(hold, 40);
        _kit.Release(hold);
        Assert.Equal((30, 0), (_kit.Read(_account).Settled, _kit.Read(_account).Held));
    }

    [Theory]
    [InlineData(ExpiredHolds.Charge, 50)]
    [InlineData(ExpiredHolds.Release, 0)]
    public void T104_LateSettlement_CountsWhateverTheExpiryDid(ExpiredHolds expired, long presumed)
    {
        _kit.Expired = expired;
        Hold hold = _kit.Hold(Kit.Set(_account), 50, TimeSpan.FromSeconds(10));
        _kit.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((presumed, 0), (_kit.Read(_account).Settled, _kit.Read(_account).Held));
        _kit.Settle(hold, 70);
        _kit.Settle(hold, 70);
        Assert.Equal(70, _kit.Read(_account).Settled);
    }

    [Fact]
    public void T104_SettlementOfThousandsOfHoldsAgo_IsStillNoSecondCharge()
    {
        AccountSet set = Kit.Set(Kit.Of(Kit.Terms("wide"), long.MaxValue));
        Hold first = _kit.Hold(set, 50);
        _kit.Settle(first, 30);
        Hold released = _kit.Hold(set, 50);
        _kit.Release(released);
        for (int i = 0; i < 20_000; i++)
        {
            _kit.Spend(set, 1);
        }

        _kit.Settle(first, 30);
        Assert.Equal(20_030, _kit.Read(set.Accounts[0]).Settled);
        _kit.Settle(released, 5);
        _kit.Settle(released, 5);
        Assert.Equal(20_035, _kit.Read(set.Accounts[0]).Settled);
    }

    [Fact]
    public void T104_UnknownHold_IsChargedInFullOnce()
    {
        Hold unknown = new(new HoldId(7, 9), Kit.Set(_account, _team), Kit.Nanos(5));
        _kit.Settle(unknown, 8);
        _kit.Settle(unknown, 8);
        Assert.Equal((8, 8), (_kit.Read(_account).Settled, _kit.Read(_team).Settled));
        Assert.Equal(HoldOutcome.Conflict, _kit.TryHold(unknown.Accounts, Kit.Nanos(5), id: unknown.Id).Outcome);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void T104_AccountsThatWereFirstSeenWhenAnUnknownHoldEnded_AdmitTheNextHold(bool isSettled)
    {
        Hold unknown = new(new HoldId(7, 9), Kit.Set(_account, _team), Kit.Nanos(5));
        if (isSettled)
        {
            _kit.Settle(unknown, 8);
        }
        else
        {
            _kit.Release(unknown);
        }

        _kit.Hold(unknown.Accounts, 10);
        Assert.Equal((isSettled ? 8 : 0, 10), (_kit.Read(_team).Settled, _kit.Read(_team).Held));
    }

    [Fact]
    public void T104_UnknownHoldOfARollingBudget_IsChargedThoughItWasReleasedBefore()
    {
        Account rolling = Kit.Of(Kit.Terms("rolling", Kit.Rolling(TimeSpan.FromHours(1))), 100);
        Hold unknown = new(new HoldId(7, 9), Kit.Set(rolling), Kit.Nanos(5));
        _kit.Release(unknown);
        _kit.Clock.Advance(TimeSpan.FromMinutes(5));
        _kit.Spend(unknown.Accounts, 1);
        _kit.Settle(unknown, 8);
        Assert.Equal(9, _kit.Read(rolling).Settled);
    }

    [Fact]
    public void T104_EveryOrderOfHoldSettleReleaseExpire_EndsTheSame()
    {
        int histories = 0;
        foreach (string history in HistoriesOf("", new Dictionary<char, int> { ['R'] = 2, ['S'] = 2, ['V'] = 2, ['X'] = 2 }, 6))
        {
            histories++;
            Kit kit = new();
            Account account = Kit.Of(Kit.Terms("total", WindowSpec.Total), 1_000);
            Hold hold = new(new HoldId(1, 2), Kit.Set(account), Kit.Nanos(10));
            foreach (char step in history)
            {
                switch (step)
                {
                    case 'R': kit.TryHold(hold.Accounts, hold.Amount, TimeSpan.FromMinutes(1), hold.Id); break;
                    case 'S': kit.Settle(hold, 7); break;
                    case 'V': kit.Release(hold); break;
                    default: kit.Clock.Advance(TimeSpan.FromMinutes(2)); break;
                }
            }

            AccountState state = kit.Read(account);
            long expected = history.Contains('S') ? 7 : history.Contains('V') ? 0 : history.Contains('R') ? 10 : 0;
            Assert.True(state.Settled + state.Held == expected, $"{history}: {state}, expected {expected}");
        }

        Assert.True(histories > 2_000);
    }

    [Fact]
    public void T105_HoldsNobodyResolves_EndByThemselves_AndNothingIsLeftHeld()
    {
        AccountSet set = Kit.Set(Kit.Of(Kit.Terms("total", WindowSpec.Total), 1_000));
        for (int i = 0; i < 100; i++)
        {
            _kit.Hold(set, 10, TimeSpan.FromMinutes(1 + (i % 7)));
        }

        Assert.Equal(HoldOutcome.Refused, _kit.TryHold(set, 10).Outcome);
        Assert.Equal(100, _kit.Tracker.OpenHolds);
        _kit.Clock.Advance(TimeSpan.FromMinutes(8));
        Assert.Equal(0, _kit.Tracker.OpenHolds);
        Assert.Equal((1_000, 0), (_kit.Read(set.Accounts[0]).Settled, _kit.Read(set.Accounts[0]).Held));
    }

    [Fact]
    public void T105_ManyExpiredHolds_AreAllNoticedBeforeAnybodyIsRefused()
    {
        _kit.Expired = ExpiredHolds.Release;
        AccountSet set = Kit.Set(_account);
        for (int i = 0; i < 100; i++)
        {
            _kit.Hold(set, 1, TimeSpan.FromSeconds(5));
        }

        _kit.Clock.Advance(TimeSpan.FromSeconds(5));
        _kit.Hold(set, 100);
    }

    [Fact]
    public void Adjustment_ChargesTheDifference_WhereTheHoldWasSettled_AndNeverBelowZero()
    {
        Hold hold = _kit.Hold(Kit.Set(_account, _team), 10);
        _kit.Settle(hold, 10);
        _kit.Clock.Advance(TimeSpan.FromDays(1));
        _kit.Adjust(hold, 10, 25);
        Assert.Equal((0, 25), (_kit.Read(_account).Settled, _kit.Read(_team).Settled));
        _kit.Adjust(hold, 25, 0);
        _kit.Adjust(hold, 25, 0);
        Assert.Equal(0, _kit.Read(_team).Settled);
        Hold unknown = new(new HoldId(5, 5), Kit.Set(_account), Kit.Nanos(1));
        _kit.Adjust(unknown, 1, 9);
        Assert.Equal(8, _kit.Read(_account).Settled);
        _kit.Adjust(unknown, 20, 1);
        Assert.Equal(0, _kit.Read(_account).Settled);
    }

    [Theory]
    [InlineData("")]
    [InlineData("X")]
    [InlineData("V")]
    public void Adjustment_OfAHoldThatWasNeverSettled_SettlesIt_AndTakesNothingFromWhatOthersUsed(string before)
    {
        _kit.Spend(Kit.Set(_account), 40);
        Hold hold = _kit.Hold(Kit.Set(_account), 10, TimeSpan.FromMinutes(1));
        if (before == "V")
        {
            _kit.Release(hold);
        }

        _kit.Clock.Advance(TimeSpan.FromSeconds(before == "X" ? 61 : 1));
        _kit.Adjust(hold, 10, 3);
        Assert.Equal((43, 0, 0), (_kit.Read(_account).Settled, _kit.Read(_account).Held, _kit.Tracker.OpenHolds));
        _kit.Settle(hold, 10);
        Assert.Equal(43, _kit.Read(_account).Settled);
        _kit.Adjust(hold, 3, 5);
        Assert.Equal(45, _kit.Read(_account).Settled);
    }

    private static IEnumerable<string> HistoriesOf(string prefix, Dictionary<char, int> left, int length)
    {
        if (prefix.Length > 0)
        {
            yield return prefix;
        }

        foreach (char step in prefix.Length < length ? "RSVX" : "")
        {
            if (left[step] > 0)
            {
                Dictionary<char, int> rest = new(left) { [step] = left[step] - 1 };
                foreach (string history in HistoriesOf(prefix + step, rest, length))
                {
                    yield return history;
                }
            }
        }
    }
}
