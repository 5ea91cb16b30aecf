using BudgetGuard.Accounting;
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

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 100)]
    public async Task Who_asked_first_and_leaves_takes_nothing_from_who_asked_again(bool bothLeave, long held)
    {
        var faults = new FaultyDisk();
        await using var disk = new Disk { Wrap = faults.Wrap };
        SqliteCostTracker tracker = disk.Tracker;
        using var stuck = new ManualResetEventSlim();
        faults.Stuck = stuck;
        using var leaving = new CancellationTokenSource();
        using var alsoLeaving = new CancellationTokenSource();
        ValueTask<HoldResult> first = tracker.HoldAsync(Hold(Set(Ann), 100, new HoldId(5, 5)), leaving.Token);
        ValueTask<HoldResult> again = tracker.HoldAsync(Hold(Set(Ann), 100, new HoldId(5, 5)), alsoLeaving.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await first);
        if (bothLeave)
        {
            await alsoLeaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await again);
        }

        faults.Stuck = null;
        stuck.Set();
        if (!bothLeave)
        {
            Assert.Equal(HoldOutcome.Held, (await again).Outcome);
        }

        Assert.Equal(held, (await tracker.StateAsync(Ann)).Held);
    }

    [Fact]
    public async Task What_could_not_be_made_a_batch_of_is_still_to_be_written()
    {
        await using var disk = new Disk();
        var changes = new AccountChanges();
        var memory = new InMemoryCostTracker(disk.Time, static () => ExpiredHolds.Charge, null, changes);
        await memory.HeldAsync(Set(Ann), 100);
        var reader = new Reader { Fails = true };
        Assert.Throws<InsufficientMemoryException>(() => memory.Collect(reader));
        memory.Uncollect();
        reader.Fails = false;
        Assert.True(memory.Collect(reader));
        Assert.Equal((1, 1, 1), reader.Seen);
        Assert.False(memory.Collect(reader));
    }

    private sealed class Reader : IChangeReader
    {
        public bool Fails { get; set; }

        public (int Groups, int Holds, int Windows) Seen { get; private set; }

        public void Read(AccountChanges changes, HoldSlab holds, long latest) =>
            Seen = Fails ? throw new InsufficientMemoryException() : (changes.Groups.Count, changes.Holds.Count, changes.Windows.Count);
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
