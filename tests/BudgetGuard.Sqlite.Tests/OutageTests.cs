using Microsoft.Extensions.Logging;
using static BudgetGuard.Sqlite.Tests.Budgets;

namespace BudgetGuard.Sqlite.Tests;

/// <summary>What may happen to the file, and to those who ask, while it cannot be written.</summary>
public sealed class OutageTests
{
    private static readonly Account Ann = Of(Terms("day"), "ann");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

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

    [Fact]
    public async Task A_log_that_is_on_the_same_full_disk_keeps_nothing_from_recovering()
    {
        var faults = new FaultyDisk();
        await using var disk = new Disk { Wrap = faults.Wrap, Logger = new LogOn(faults) };
        Hold hold = await disk.Tracker.HeldAsync(Set(Ann), 100);
        faults.IsFull = true;
        await Assert.ThrowsAsync<IOException>(async () => await disk.Tracker.SettleAsync(hold, Nanos(70), default).AsTask().WaitAsync(Patience));
        faults.IsFull = false;
        for (int i = 0; i < 500 && await Record.ExceptionAsync(async () => await disk.Tracker.StateAsync(Ann)) is IOException; i++)
        {
            disk.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5);
        }

        await disk.Tracker.SettleAsync(hold, Nanos(70), default).AsTask().WaitAsync(Patience);
        await disk.CrashAsync();
        Assert.Equal(70, (await disk.Tracker.StateAsync(Ann)).Settled);
    }

    private sealed class LogOn(FaultyDisk disk) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (disk.IsFull)
            {
                throw new IOException("No space left for what is logged.");
            }
        }
    }
}
