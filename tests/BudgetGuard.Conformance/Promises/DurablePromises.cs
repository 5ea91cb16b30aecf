namespace BudgetGuard.Conformance;

/// <summary>What stores promise whose accounts outlast the process.</summary>
public abstract class DurablePromises<TRig> : Promise<TRig>
    where TRig : TrackerRig, new()
{
    [Fact]
    public async Task What_was_acknowledged_is_there()
    {
        Account day = Of(PerUser("day", Calendar(BudgetPeriod.Day)) with { CarryDebt = true }, 1_000, "ann");
        Account rolling = Of(Terms("rolling", Rolling(TimeSpan.FromHours(1))), 1_000);
        await SpendAsync(Set(day, rolling), 300);
        await Rig.Ledger.TopUpAsync(day, 77, null, default);
        AccountState[] before = [await ReadAsync(day), await ReadAsync(rolling)];
        await Rig.RestartAsync();
        Assert.Equal(before, new[] { await ReadAsync(day), await ReadAsync(rolling) });
    }

    [Fact]
    public async Task Holds_of_an_earlier_process_are_charged_and_corrected_once()
    {
        Account account = Of(Terms(), 1_000);
        Hold hold = await HoldAsync(Set(account), 400, new HoldId(4, 4));
        await Rig.RestartAsync();
        Rig.Time.Advance(Ttl);
        await AssertAsync(account, 400);
        await SettleAsync(hold, 150);
        await Rig.RestartAsync();
        await SettleAsync(hold, 150);
        await AssertAsync(account, 150);
        Assert.Equal(HoldOutcome.Conflict, (await TryHoldAsync(Set(account), 400, new HoldId(4, 4))).Outcome);
    }

    [Fact]
    public async Task Claims_are_remembered()
    {
        var claim = new AlertClaim { Type = AlertTypes.BudgetExceeded, Account = Of(PerUser(), 1, "ann") };
        Assert.True(await Tracker.ClaimAlertAsync(claim, default));
        await Rig.RestartAsync();
        Assert.False(await Tracker.ClaimAlertAsync(claim, default));
    }

    [Fact]
    public async Task A_reset_outlasts_the_process()
    {
        Account account = Of(PerUser(), 1_000, "ann");
        Hold hold = await HoldAsync(Set(account), 300);
        await Rig.Ledger.ResetAsync(account, default);
        await Rig.RestartAsync();
        await SettleAsync(hold, 300);
        await AssertAsync(account, 0);
    }
}
