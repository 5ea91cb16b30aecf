namespace BudgetGuard.Conformance;

/// <summary>What the ends of a hold promise: the outcome depends on which of them came, and not on their order or number.</summary>
public abstract class EndingPromises<TRig> : Promise<TRig>
    where TRig : TrackerRig, new()
{
    private const string Events = "HSRX";
    private const long Estimate = 100;
    private const long Actual = 70;

    [Fact]
    public async Task Every_order_and_number_of_events_has_the_outcome_of_their_set()
    {
        BudgetTerms terms = PerUser(most: 100_000);
        int histories = 0;
        foreach (string history in Histories(5))
        {
            histories++;
            Account account = Of(terms, 1_000, history);
            await PlayAsync(history, Set(account), new HoldId(5, (ulong)histories));
            (long settled, long held) = Expected(history);
            AccountState state = await ReadAsync(account);
            Assert.True((settled, held) == (state.Settled, state.Held), $"{history}: {state}, expected {settled} settled and {held} held");
        }

        Assert.Equal(4 + 16 + 64 + 256 + 1_024, histories);
    }

    [Fact]
    public async Task A_settlement_takes_more_than_was_held_in_full()
    {
        Account account = Of(Terms(), 100);
        await SettleAsync(await HoldAsync(Set(account), 90), 250);
        await AssertAsync(account, 250);
        Assert.Equal(-150, (await ReadAsync(account)).Available);
        await RefusedAsync(Set(account), 1);
    }

    [Theory]
    [InlineData(ExpiredHolds.Charge, 100)]
    [InlineData(ExpiredHolds.Release, 0)]
    public async Task A_hold_that_expires_is_charged_or_given_back_and_a_late_settlement_corrects_that(ExpiredHolds policy, long charged)
    {
        Rig.Expired = policy;
        Account account = Of(Terms());
        Hold hold = await HoldAsync(Set(account), 100);
        Rig.Time.Advance(Ttl - TimeSpan.FromMilliseconds(1));
        await AssertAsync(account, 0, 100);
        Rig.Time.Advance(TimeSpan.FromMilliseconds(1));
        await AssertAsync(account, charged);
        await SettleAsync(hold, 30);
        await SettleAsync(hold, 30);
        await AssertAsync(account, 30);
    }

    [Fact]
    public async Task Nobody_is_refused_because_of_a_hold_that_is_over()
    {
        Rig.Expired = ExpiredHolds.Release;
        Account account = Of(Terms(), 100);
        for (int i = 0; i < 100; i++)
        {
            await HoldAsync(Set(account), 1);
        }

        Rig.Time.Advance(Ttl);
        await HoldAsync(Set(account), 100);
    }

    [Fact]
    public async Task An_extension_is_checked_like_a_hold_and_lasts_anew()
    {
        Account account = Of(Terms(), 100);
        Account other = Of(Terms("other"), 1_000);
        Hold hold = await HoldAsync(Set(account, other), 50);
        Rig.Time.Advance(Ttl / 2);
        HoldResult grown = await ExtendAsync(hold, 30);
        Assert.Equal((HoldOutcome.Held, 80L), (grown.Outcome, grown.Hold.Amount.Cost.Nanos));
        Assert.Equal(HoldOutcome.Refused, (await ExtendAsync(grown.Hold, 30)).Outcome);
        await AssertAsync(other, 0, 80);
        Rig.Time.Advance((Ttl / 2) + TimeSpan.FromSeconds(1));
        await AssertAsync(account, 0, 80);
        await SettleAsync(grown.Hold, 60);
        Assert.Equal(HoldOutcome.Conflict, (await ExtendAsync(grown.Hold, 1)).Outcome);
        await AssertAsync(account, 60);
    }

    [Fact]
    public async Task A_correction_charges_or_gives_back_the_difference_where_the_first_was_charged()
    {
        Account account = Of(Terms("day", Calendar(BudgetPeriod.Day)), 1_000);
        Hold hold = await HoldAsync(Set(account), 100);
        await SettleAsync(hold, 80);
        await AdjustAsync(hold, 80, 95);
        await AssertAsync(account, 95);
        await AdjustAsync(hold, 95, 20);
        await AssertAsync(account, 20);
        Hold open = await HoldAsync(Set(account), 50);
        await AdjustAsync(open, 10, 40);
        await AssertAsync(account, 60);
    }

    [Fact]
    public async Task An_unknown_hold_is_settled_once_in_the_current_window()
    {
        Account account = Of(Terms("day", Calendar(BudgetPeriod.Day)), 1_000);
        var unknown = new Hold(new HoldId(8, 8), Set(account), Nanos(100));
        await SettleAsync(unknown, 40);
        await SettleAsync(unknown, 40);
        await AssertAsync(account, 40);
        await ReleaseAsync(unknown);
        await AssertAsync(account, 40);
    }

    private static IEnumerable<string> Histories(int most)
    {
        List<string> all = [""];
        for (int length = 1; length <= most; length++)
        {
            all = [.. all.SelectMany(static begun => Events.Select(one => begun + one))];
            foreach (string one in all)
            {
                yield return one;
            }
        }
    }

    /// <summary>By which events there are: a settlement counts, else a release, else the time that passed since the hold.</summary>
    private static (long Settled, long Held) Expected(string history)
    {
        if (history.Contains('S', StringComparison.Ordinal))
        {
            return (Actual, 0);
        }

        int hold = history.IndexOf('H', StringComparison.Ordinal);
        if (hold < 0 || history.Contains('R', StringComparison.Ordinal))
        {
            return (0, 0);
        }

        return history.IndexOf('X', hold) >= 0 ? (Estimate, 0) : (0, Estimate);
    }

    private async Task PlayAsync(string history, AccountSet set, HoldId id)
    {
        var hold = new Hold(id, set, Nanos(Estimate, Estimate, 1));
        foreach (char one in history)
        {
            switch (one)
            {
                case 'H':
                    await TryHoldAsync(set, Estimate, id);
                    break;
                case 'S':
                    await SettleAsync(hold, Actual);
                    break;
                case 'R':
                    await ReleaseAsync(hold);
                    break;
                default:
                    Rig.Time.Advance(Ttl);
                    break;
            }
        }
    }
}
