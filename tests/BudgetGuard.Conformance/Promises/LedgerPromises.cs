namespace BudgetGuard.Conformance;

/// <summary>What administrators, listings and alerts are promised.</summary>
public abstract class LedgerPromises<TRig> : Promise<TRig>
    where TRig : TrackerRig, new()
{
    [Fact]
    public async Task A_top_up_lasts_as_long_as_the_window_or_until_a_time()
    {
        Account day = Of(Terms("day", Calendar(BudgetPeriod.Day)), 100);
        await SpendAsync(Set(day), 100);
        Assert.Equal(150, (await Rig.Ledger.TopUpAsync(day, 50, null, default)).Limit);
        await HoldAsync(Set(day), 50);
        Rig.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(100, (await ReadAsync(day)).Limit);
        await Rig.Ledger.TopUpAsync(day, 30, Rig.Time.GetUtcNow().AddHours(1), default);
        await SpendAsync(Set(day), 130);
        Rig.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal((100L, 130L), ((await ReadAsync(day)).Limit, (await ReadAsync(day)).Settled));
        await RefusedAsync(Set(day), 1);
    }

    [Fact]
    public async Task A_top_up_that_cannot_be_is_refused()
    {
        Account day = Of(Terms("day", Calendar(BudgetPeriod.Day)), 100);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Rig.Ledger.TopUpAsync(day, 0, null, default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Rig.Ledger.TopUpAsync(day, 1, Rig.Time.GetUtcNow(), default));
        for (int i = 1; i <= 16; i++)
        {
            await Rig.Ledger.TopUpAsync(day, 1, Rig.Time.GetUtcNow().AddHours(i), default);
        }

        await Rig.Ledger.TopUpAsync(day, 1, Rig.Time.GetUtcNow().AddHours(16), default);
        await Assert.ThrowsAsync<ArgumentException>(async () => await Rig.Ledger.TopUpAsync(day, 1, Rig.Time.GetUtcNow().AddHours(17), default));
        Assert.Equal(117, (await ReadAsync(day)).Limit);
    }

    [Fact]
    public async Task A_reset_begins_anew_and_what_was_held_before_counts_nowhere()
    {
        Account day = Of(Terms("day", Calendar(BudgetPeriod.Day)) with { CarryDebt = true }, 100);
        Hold hold = await HoldAsync(Set(day), 60);
        await Rig.Ledger.TopUpAsync(day, 50, null, default);
        AccountState state = await Rig.Ledger.ResetAsync(day, default);
        Assert.Equal((0L, 0L, 100L), (state.Settled, state.Held, state.Limit));
        await SettleAsync(hold, 500);
        await AssertAsync(day, 0);
        await HoldAsync(Set(day), 100);
    }

    [Fact]
    public async Task Partitions_past_the_most_that_are_tracked_share_one_account()
    {
        BudgetTerms terms = PerUser("few", Calendar(BudgetPeriod.Day), most: 2);
        Account[] users = [.. Enumerable.Range(0, 4).Select(user => Of(terms, 100, $"user{user}"))];
        foreach (Account user in users)
        {
            await SpendAsync(Set(user), 40);
        }

        await AssertAsync(users[0], 40);
        await AssertAsync(users[2], 80);
        await AssertAsync(users[3], 80);
        await RefusedAsync(Set(users[3]), 30);
        await HoldAsync(Set(users[1]), 60);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await Rig.Ledger.TopUpAsync(users[3], 1, null, default));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await Rig.Ledger.ResetAsync(users[3], default));
    }

    [Fact]
    public async Task Accounts_that_are_over_make_room()
    {
        BudgetTerms terms = PerUser("few", Calendar(BudgetPeriod.Day), most: 2);
        await SpendAsync(Set(Of(terms, 100, "ann")), 40);
        await SpendAsync(Set(Of(terms, 100, "bob")), 40);
        Rig.Time.Advance(TimeSpan.FromDays(1));
        await SpendAsync(Set(Of(terms, 100, "cleo")), 90);
        await SpendAsync(Set(Of(terms, 100, "dora")), 90);
        await AssertAsync(Of(terms, 100, "cleo"), 90);
        await AssertAsync(Of(terms, 100, "dora"), 90);
    }

    [Fact]
    public async Task Accounts_in_use_are_listed()
    {
        BudgetTerms terms = PerUser("list", Calendar(BudgetPeriod.Day));
        string?[] users = ["ann", "bob", null, "a\ud800\"\\", ""];
        foreach (string? user in users)
        {
            await SpendAsync(Set(Of(terms, 100, user)), 10);
        }

        await ReadAsync(Of(terms, 100, "nobody"));
        IReadOnlyList<AccountReading> all = await Rig.Ledger.ListAsync(Of(terms, 100, "any"), static _ => true, 100, default);
        Assert.Equal(users.Order(StringComparer.Ordinal), all.Select(static one => one.Account.Key.Partition[0]).Order(StringComparer.Ordinal));
        Assert.All(all, static one => Assert.Equal((10L, 100L), (one.State.Settled, one.State.Limit)));
        Assert.Single(await Rig.Ledger.ListAsync(Of(terms, 100, "any"), static key => key.Partition[0] == "bob", 100, default));
        Assert.Equal(2, (await Rig.Ledger.ListAsync(Of(terms, 100, "any"), static _ => true, 2, default)).Count);
    }

    [Fact]
    public async Task Accounts_are_told_apart_by_all_that_makes_them()
    {
        Account[] accounts =
        [
            Of(PerUser(), 100, "a"), Of(PerUser(), 100, "A"), Of(PerUser(), 100, "a "), Of(PerUser(), 100, [null]), Of(PerUser(), 100, ""),
            Of(Terms() with { Per = ["Team"] }, 100, "a"), Of(PerUser(window: Calendar(BudgetPeriod.Day)), 100, "a"), Of(PerUser() with { Unit = BudgetUnit.Tokens }, 100, "a"),
            Of(Terms() with { Per = ["User", "Team"] }, 100, "a,b", "c"), Of(Terms() with { Per = ["User", "Team"] }, 100, "a", "b,c"),
            Of(PerUser(), 100, "\ud800"), Of(PerUser(), 100, "\ud801"), Of(PerUser(), 100, "\\ud800"),
        ];
        for (int i = 0; i < accounts.Length; i++)
        {
            await SpendAsync(Set(accounts[i]), i + 1);
        }

        for (int i = 0; i < accounts.Length; i++)
        {
            await AssertAsync(accounts[i], i + 1);
        }

        await AssertAsync(Of(PerUser("OWN"), 100, "a"), 1);
    }

    [Fact]
    public async Task An_alert_is_claimed_once_until_it_is_given_back_or_over()
    {
        var claim = new AlertClaim
        {
            Type = AlertTypes.ThresholdReached, Account = Of(PerUser(), 100, "ann"), Threshold = 0.5m, WindowStart = TrackerRig.Start, Until = DateTimeOffset.MaxValue,
        };
        bool[] claimed = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(async () => await Tracker.ClaimAlertAsync(claim with { Threshold = 0.50m }, default))));
        Assert.Single(claimed, static one => one);
        foreach (AlertClaim other in (AlertClaim[])
        [
            claim with { Threshold = 0.8m }, claim with { Round = 1 }, claim with { Subject = "x" }, claim with { Type = AlertTypes.CostSpike }, claim with { WindowStart = null },
            claim with { Account = Of(PerUser(), 100, "bob") }, claim with { Account = null },
        ])
        {
            Assert.True(await Tracker.ClaimAlertAsync(other, default));
            Assert.False(await Tracker.ClaimAlertAsync(other, default));
        }

        await Tracker.ReleaseAlertAsync(claim, default);
        Assert.True(await Tracker.ClaimAlertAsync(claim, default));
    }
}
