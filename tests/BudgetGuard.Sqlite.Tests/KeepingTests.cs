using System.Globalization;
using static BudgetGuard.Sqlite.Tests.Budgets;

namespace BudgetGuard.Sqlite.Tests;

/// <summary>What a file keeps of accounts, holds and claims over the end of a process.</summary>
public sealed class KeepingTests
{
    [Fact]
    public async Task What_was_settled_is_there_after_a_restart()
    {
        await using var disk = new Disk();
        Account account = Of(Terms("day"), "ann");
        Hold hold = await disk.Tracker.HeldAsync(Set(account), 400);
        await disk.Tracker.SettleAsync(hold, Nanos(300), default);
        AccountState before = await disk.Tracker.StateAsync(account);
        await disk.RestartAsync();
        Assert.Equal(before, await disk.Tracker.StateAsync(account));
        Assert.Equal(300, before.Settled);
    }

    [Theory]
    [InlineData(ExpiredHolds.Charge, 400)]
    [InlineData(ExpiredHolds.Release, 0)]
    public async Task Holds_of_a_process_that_broke_down_end_at_the_start(ExpiredHolds policy, long expected)
    {
        await using var disk = new Disk { ExpiredHolds = policy };
        Account account = Of(Terms("day"), "ann");
        await disk.Tracker.HeldAsync(Set(account), 400);
        await disk.CrashAsync();
        AccountState state = await disk.Tracker.StateAsync(account);
        Assert.Equal((expected, 0L), (state.Settled, state.Held));
        Assert.Equal(0, disk.Tracker.OpenHolds);
    }

    [Fact]
    public async Task A_late_settlement_corrects_a_hold_of_an_earlier_process_once()
    {
        await using var disk = new Disk();
        Account account = Of(Terms("day"), "ann");
        Hold hold = await disk.Tracker.HeldAsync(Set(account), 400);
        await disk.CrashAsync();
        await disk.Tracker.SettleAsync(hold, Nanos(150), default);
        await disk.Tracker.SettleAsync(hold, Nanos(150), default);
        Assert.Equal(150, (await disk.Tracker.StateAsync(account)).Settled);
        await disk.CrashAsync();
        await disk.Tracker.SettleAsync(hold, Nanos(150), default);
        Assert.Equal(150, (await disk.Tracker.StateAsync(account)).Settled);
    }

    [Fact]
    public async Task A_late_settlement_counts_in_the_window_of_its_hold_and_changes_the_debt_of_the_next()
    {
        await using var disk = new Disk();
        Account account = Of(Terms("day", carryDebt: true), "ann", limit: 1_000);
        Hold hold = await disk.Tracker.HeldAsync(Set(account), 900, new HoldId(1, 1));
        disk.Time.Advance(TimeSpan.FromDays(1));
        Hold today = await disk.Tracker.HeldAsync(Set(account), 10);
        await disk.Tracker.SettleAsync(today, Nanos(10), default);
        await disk.RestartAsync();
        await disk.Tracker.SettleAsync(hold, Nanos(1_300), default);
        AccountState state = await disk.Tracker.StateAsync(account);
        Assert.Equal((10L, 300L), (state.Settled, state.Debt));
        await disk.RestartAsync();
        Assert.Equal(state, await disk.Tracker.StateAsync(account));
    }

    [Fact]
    public async Task A_named_hold_is_a_conflict_after_a_restart_and_not_taken_twice()
    {
        await using var disk = new Disk();
        Account account = Of(Terms("day"), "ann");
        Hold hold = await disk.Tracker.HeldAsync(Set(account), 100, new HoldId(7, 7));
        await disk.Tracker.SettleAsync(hold, Nanos(100), default);
        await disk.RestartAsync();
        HoldResult again = await disk.Tracker.HoldAsync(Hold(Set(account), 100, new HoldId(7, 7)), default);
        Assert.Equal(HoldOutcome.Conflict, again.Outcome);
        Assert.Equal(100, (await disk.Tracker.StateAsync(account)).Settled);
    }

    [Fact]
    public async Task Rolling_windows_keep_their_slices()
    {
        await using var disk = new Disk();
        Account account = Of(Terms("hour", rolling: TimeSpan.FromHours(1)), "ann");
        for (int i = 0; i < 5; i++)
        {
            Hold hold = await disk.Tracker.HeldAsync(Set(account), 100);
            await disk.Tracker.SettleAsync(hold, Nanos(100), default);
            disk.Time.Advance(TimeSpan.FromMinutes(10));
        }

        await disk.RestartAsync();
        Assert.Equal(500, (await disk.Tracker.StateAsync(account)).Settled);
        disk.Time.Advance(TimeSpan.FromMinutes(12));
        Assert.Equal(400, (await disk.Tracker.StateAsync(account)).Settled);
    }

    [Fact]
    public async Task Top_ups_resets_and_shared_accounts_are_kept()
    {
        await using var disk = new Disk();
        BudgetTerms terms = Terms("day", most: 2);
        Account[] accounts = [Of(terms, "ann"), Of(terms, "bob"), Of(terms, "cleo")];
        foreach (Account account in accounts)
        {
            await disk.Tracker.SettleAsync(await disk.Tracker.HeldAsync(Set(account), 50), Nanos(50), default);
        }

        Hold open = await disk.Tracker.HeldAsync(Set(accounts[1]), 20);
        await disk.Tracker.TopUpAsync(accounts[0], 500, null, default);
        await disk.Tracker.ResetAsync(accounts[1], default);
        await disk.RestartAsync();
        Assert.Equal(1_500, (await disk.Tracker.StateAsync(accounts[0])).Limit);
        Assert.Equal(0, (await disk.Tracker.StateAsync(accounts[1])).Settled);
        Assert.Equal(50, (await disk.Tracker.StateAsync(accounts[2])).Settled);
        Assert.Equal(50, (await disk.Tracker.StateAsync(Of(terms, "dora"))).Settled);
        await disk.Tracker.SettleAsync(open, Nanos(20), default);
        Assert.Equal(0, (await disk.Tracker.StateAsync(accounts[1])).Settled);
        disk.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(1_000, (await disk.Tracker.StateAsync(accounts[0])).Limit);
    }

    [Fact]
    public async Task Claims_are_kept()
    {
        await using var disk = new Disk();
        var claim = new AlertClaim { Type = AlertTypes.ThresholdReached, Account = Of(Terms("day"), "a\ud800\"\\"), Threshold = 0.50m, Until = disk.Time.GetUtcNow().AddDays(1) };
        AlertClaim other = claim with { Threshold = 0.9m };
        Assert.True(await disk.Tracker.ClaimAlertAsync(claim, default));
        Assert.True(await disk.Tracker.ClaimAlertAsync(other, default));
        await disk.Tracker.ReleaseAlertAsync(other, default);
        await disk.RestartAsync();
        Assert.False(await disk.Tracker.ClaimAlertAsync(claim with { Threshold = 0.5m }, default));
        Assert.True(await disk.Tracker.ClaimAlertAsync(other, default));
        disk.Time.Advance(TimeSpan.FromDays(2));
        Assert.True(await disk.Tracker.ClaimAlertAsync(claim, default));
    }

    [Fact]
    public async Task The_clock_that_went_back_over_a_restart_opens_no_window_again()
    {
        await using var disk = new Disk();
        Account account = Of(Terms("day"), "ann");
        await disk.Tracker.SettleAsync(await disk.Tracker.HeldAsync(Set(account), 700), Nanos(700), default);
        await disk.StopAsync();
        disk.Time.AdjustTime(disk.Time.GetUtcNow().AddDays(-1));
        Assert.Equal(700, (await disk.Tracker.StateAsync(account)).Settled);
    }

    [Fact]
    public async Task Whatever_is_done_a_restart_changes_nothing()
    {
        for (int seed = 0; seed < 12; seed++)
        {
            await RunAsync(new Random(seed), seed.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static async Task RunAsync(Random random, string seed)
    {
        await using var disk = new Disk();
        BudgetTerms[] terms =
        [
            Terms("minute", BudgetPeriod.Minute, carryDebt: true), Terms("day", carryDebt: true), Terms("roll", rolling: TimeSpan.FromMinutes(5)),
            Terms("few", BudgetPeriod.Hour, most: 2), Terms("slots", unit: BudgetUnit.Concurrency),
        ];
        Account[] accounts = [.. from one in terms from user in (string[])["ann", "bob", "cleo", "dora"] select Of(one, user, one.Unit == BudgetUnit.Concurrency ? 3 : 2_000)];
        List<Hold> holds = [];
        ulong name = 0;
        for (int step = 0; step < 120; step++)
        {
            Account[] chosen = [.. terms.Where(_ => random.Next(2) == 0).Select(one => accounts.Where(account => account.Terms == one).ElementAt(random.Next(4)))];
            switch (random.Next(9))
            {
                case 0 or 1 or 2 when chosen.Length > 0:
                    HoldResult result = await disk.Tracker.HoldAsync(
                        Hold(Set(chosen), random.Next(700), random.Next(2) == 0 ? new HoldId(9, ++name) : default), default);
                    if (result.Outcome == HoldOutcome.Held)
                    {
                        holds.Add(result.Hold);
                    }

                    break;
                case 3 or 4 when holds.Count > 0:
                    await disk.Tracker.SettleAsync(holds[random.Next(holds.Count)], Nanos(random.Next(900)), default);
                    break;
                case 5 when holds.Count > 0:
                    await disk.Tracker.ReleaseAsync(holds[random.Next(holds.Count)], default);
                    break;
                case 6 when holds.Count > 0:
                    await disk.Tracker.ExtendAsync(holds[random.Next(holds.Count)], Nanos(random.Next(50)), default);
                    break;
                case 7:
                    disk.Time.Advance(TimeSpan.FromSeconds(random.Next(90)));
                    break;
                case 8 when random.Next(6) == 0:
                    await disk.Tracker.ResetAsync(accounts[0], default);
                    break;
            }

            if (random.Next(25) == 0)
            {
                // Open holds would be ended by the restart: they are ended here by hand, as it would.
                disk.Time.Advance(Ttl);
                List<AccountState> before = await StatesAsync(disk.Tracker, accounts);
                await disk.RestartAsync();
                List<AccountState> after = await StatesAsync(disk.Tracker, accounts);
                Assert.True(before.SequenceEqual(after), $"Seed {seed}, step {step}.");
            }
        }
    }

    private static async Task<List<AccountState>> StatesAsync(SqliteCostTracker tracker, Account[] accounts)
    {
        List<AccountState> states = [];
        foreach (Account account in accounts)
        {
            states.Add(await tracker.StateAsync(account));
        }

        return states;
    }
}
