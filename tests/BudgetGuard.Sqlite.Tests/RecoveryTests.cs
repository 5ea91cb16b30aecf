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
}
