using static BudgetGuard.Sqlite.Tests.Budgets;

namespace BudgetGuard.Sqlite.Tests;

/// <summary>What may happen to the file, and to those who ask, while it cannot be written.</summary>
public sealed class OutageTests
{
    private static readonly Account Ann = Of(Terms("day"), "ann");

    [Fact]
    public async Task A_file_that_another_process_wrote_meanwhile_is_not_written_on()
    {
        var faults = new FaultyDisk();
        await using var disk = new Disk { Wrap = faults.Wrap };
        await disk.Tracker.HeldAsync(Set(Ann), 100);
        faults.IsFull = faults.CannotOpen = true;
        await Assert.ThrowsAsync<IOException>(async () => await disk.Tracker.HoldAsync(Hold(Set(Ann), 1), default));

        // One batch: its number is that of the batch that failed here.
        await using (disk.StartOther())
        {
        }

        faults.IsFull = faults.CannotOpen = false;
        for (int i = 0; i < 20; i++)
        {
            disk.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5);
            await Assert.ThrowsAsync<IOException>(async () => await disk.Tracker.HoldAsync(Hold(Set(Ann), 1), default));
        }

        await disk.RestartAsync();
        Assert.Equal(100, (await disk.Tracker.StateAsync(Ann)).Settled);
    }
}
