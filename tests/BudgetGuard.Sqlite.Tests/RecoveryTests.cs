using static BudgetGuard.Sqlite.Tests.Budgets;

namespace BudgetGuard.Sqlite.Tests;

/// <summary>What a start makes of the file that an earlier process left.</summary>
public sealed class RecoveryTests
{
    private static readonly Account Ann = Of(Terms("total", BudgetPeriod.Total), "ann", 10_000);

    [Fact]
    public async Task A_hold_that_would_have_lasted_long_makes_nobody_forget_one_that_is_over()
    {
        await using var disk = new Disk();
        Hold over = await disk.Tracker.HeldAsync(Set(Ann), 100, new HoldId(1, 1));
        await disk.Tracker.SettleAsync(over, Nanos(60), default);
        Hold first = await disk.Tracker.HeldAsync(Set(Ann), 1_000, new HoldId(1, 2));
        disk.Time.Advance(TimeSpan.FromMinutes(1) + Ttl);
        Assert.Equal(1_060, (await disk.Tracker.StateAsync(Ann)).Settled);
        var request = new HoldRequest(Set(Ann), Nanos(10), TimeSpan.FromDays(1));
        Assert.Equal(HoldOutcome.Held, (await disk.Tracker.HoldAsync(request, default)).Outcome);
        await disk.CrashAsync();
        await disk.Tracker.SettleAsync(over, Nanos(60), default);
        await disk.Tracker.SettleAsync(first, Nanos(200), default);
        Assert.Equal(60 + 200 + 10, (await disk.Tracker.StateAsync(Ann)).Settled);
    }

    [Fact]
    public async Task What_only_forgotten_holds_needed_is_taken_out_at_the_start()
    {
        await using var disk = new Disk();
        BudgetTerms day = Terms("day", carryDebt: true);
        Account ann = Of(day, "ann");
        Account carl = Of(day, "carl");
        await disk.Tracker.SettleAsync(await disk.Tracker.HeldAsync(Set(carl), 10), Nanos(10), default);
        await disk.Tracker.ReleaseAsync(await disk.Tracker.HeldAsync(Set(ann), 10), default);
        await disk.Tracker.ResetAsync(ann, default);
        await disk.Tracker.ReleaseAsync(await disk.Tracker.HeldAsync(Set(carl), 20, new HoldId(1, 1)), default);
        disk.Time.Advance(TimeSpan.FromHours(25));

        // Takes the place of the settled hold: the released ones are forgotten only by the start.
        await disk.Tracker.ReleaseAsync(await disk.Tracker.HeldAsync(Set(Of(day, "bob")), 10), default);
        await disk.RestartAsync();
        await disk.Tracker.HeldAsync(Set(Of(day, "bob")), 10);
        await disk.StopAsync();
        Assert.Equal(0, disk.Read("SELECT COUNT(*) FROM accounts WHERE place = 2"));
        await disk.RestartAsync();
        Assert.Equal(0, (await disk.Tracker.StateAsync(carl)).Settled);
    }
}
