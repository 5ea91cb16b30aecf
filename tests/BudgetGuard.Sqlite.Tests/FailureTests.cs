using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using static BudgetGuard.Sqlite.Tests.Budgets;

namespace BudgetGuard.Sqlite.Tests;

/// <summary>What becomes of requests while the file cannot be written, and of a file that cannot be read.</summary>
public sealed class FailureTests
{
    private static readonly Account Ann = Of(Terms("day"), "ann");

    [Fact]
    public async Task A_hold_that_cannot_be_written_is_refused_and_taken_back()
    {
        var faults = new FaultyDisk();
        await using var disk = new Disk { Wrap = faults.Wrap };
        Hold before = await disk.Tracker.HeldAsync(Set(Ann), 100);
        faults.IsFull = true;
        await Assert.ThrowsAsync<IOException>(async () => await disk.Tracker.HoldAsync(Hold(Set(Ann), 200), default));
        await Assert.ThrowsAsync<IOException>(async () => await disk.Tracker.HoldAsync(Hold(Set(Ann), 200), default));
        await Assert.ThrowsAsync<IOException>(async () => await disk.Tracker.ReadAsync(Ann, default));
        Assert.Equal(1, disk.Log.GetSnapshot().Count(static entry => entry.Id.Id == 621));
        await Assert.ThrowsAsync<IOException>(async () => await disk.Tracker.SettleAsync(before, Nanos(70), default));

        faults.IsFull = false;
        await RecoveredAsync(disk);
        AccountState state = await disk.Tracker.StateAsync(Ann);
        Assert.Equal((70L, 0L), (state.Settled, state.Held));
        await disk.CrashAsync();
        Assert.Equal(state, await disk.Tracker.StateAsync(Ann));
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_counts_once()
    {
        var faults = new FaultyDisk();
        await using var disk = new Disk { Wrap = faults.Wrap };
        Hold hold = await disk.Tracker.HeldAsync(Set(Ann), 100, new HoldId(3, 3));
        faults.FailsAfterCommit = true;
        await Assert.ThrowsAsync<IOException>(async () => await disk.Tracker.SettleAsync(hold, Nanos(60), default));
        faults.FailsAfterCommit = false;
        await RecoveredAsync(disk);
        await disk.Tracker.SettleAsync(hold, Nanos(60), default);
        await disk.CrashAsync();
        Assert.Equal(60, (await disk.Tracker.StateAsync(Ann)).Settled);
    }

    [Fact]
    public async Task A_file_that_cannot_be_opened_again_is_tried_each_second()
    {
        var faults = new FaultyDisk();
        await using var disk = new Disk { Wrap = faults.Wrap };
        await disk.Tracker.HeldAsync(Set(Ann), 100);
        faults.IsFull = faults.CannotOpen = true;
        await Assert.ThrowsAsync<IOException>(async () => await disk.Tracker.HoldAsync(Hold(Set(Ann), 1), default));
        disk.Time.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<IOException>(async () => await disk.Tracker.HoldAsync(Hold(Set(Ann), 1), default));
        faults.IsFull = faults.CannotOpen = false;
        await RecoveredAsync(disk);
        Assert.Equal(100, (await disk.Tracker.StateAsync(Ann)).Held);
    }

    [Fact]
    public async Task A_file_that_lost_what_it_had_acknowledged_is_not_written_on()
    {
        var faults = new FaultyDisk();
        await using var disk = new Disk { Wrap = faults.Wrap };
        await disk.Tracker.HeldAsync(Set(Ann), 100);
        faults.IsFull = faults.CannotOpen = true;
        await Assert.ThrowsAsync<IOException>(async () => await disk.Tracker.HoldAsync(Hold(Set(Ann), 1), default));
        disk.Run("UPDATE journal SET batch = batch - 1");
        faults.IsFull = faults.CannotOpen = false;
        disk.Time.Advance(TimeSpan.FromSeconds(1));
        IOException refused = await Assert.ThrowsAsync<IOException>(async () => await disk.Tracker.HoldAsync(Hold(Set(Ann), 1), default));
        Assert.NotNull(refused.InnerException);
    }

    [Fact]
    public async Task Whoever_leaves_while_it_is_written_has_no_hold()
    {
        var faults = new FaultyDisk();
        await using var disk = new Disk { Wrap = faults.Wrap };
        SqliteCostTracker tracker = disk.Tracker;
        using var stuck = new ManualResetEventSlim();
        faults.Stuck = stuck;
        using var leaving = new CancellationTokenSource();
        ValueTask<HoldResult> waiting = tracker.HoldAsync(Hold(Set(Ann), 100), leaving.Token);
        Assert.False(waiting.IsCompleted);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);
        faults.Stuck = null;
        stuck.Set();
        Assert.Equal(0, (await tracker.StateAsync(Ann)).Held);
    }

    [Fact]
    public async Task Who_asks_again_and_leaves_takes_nothing_from_who_asked_before()
    {
        var faults = new FaultyDisk();
        await using var disk = new Disk { Wrap = faults.Wrap };
        SqliteCostTracker tracker = disk.Tracker;
        using var stuck = new ManualResetEventSlim();
        faults.Stuck = stuck;
        Task<Hold> first = tracker.HeldAsync(Set(Ann), 100, new HoldId(5, 5));
        using var leaving = new CancellationTokenSource();
        ValueTask<HoldResult> waiting = tracker.HoldAsync(Hold(Set(Ann), 100, new HoldId(5, 5)), leaving.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);
        faults.Stuck = null;
        stuck.Set();
        await first;
        Assert.Equal(100, (await tracker.StateAsync(Ann)).Held);
    }

    [Fact]
    public async Task Many_holds_share_a_commit()
    {
        var faults = new FaultyDisk();
        await using var disk = new Disk { Wrap = faults.Wrap };
        SqliteCostTracker tracker = disk.Tracker;
        await tracker.HeldAsync(Set(Of(Terms("other"), "x")), 1);
        using var stuck = new ManualResetEventSlim();
        faults.Stuck = stuck;
        int before = faults.Commits;
        Task[] all = [.. Enumerable.Range(0, 100).Select(_ => tracker.HeldAsync(Set(Ann), 1))];
        faults.Stuck = null;
        stuck.Set();
        await Task.WhenAll(all);
        Assert.InRange(faults.Commits - before, 1, 3);
        Assert.Equal(100, (await tracker.StateAsync(Ann)).Held);
    }

    [Fact]
    public async Task Relaxed_waits_for_no_disk_and_writes_all_the_same()
    {
        var faults = new FaultyDisk();
        await using var disk = new Disk { Wrap = faults.Wrap, Durability = Durability.Relaxed };
        SqliteCostTracker tracker = disk.Tracker;
        using var stuck = new ManualResetEventSlim();
        faults.Stuck = stuck;
        ValueTask<HoldResult> hold = tracker.HoldAsync(Hold(Set(Ann), 100), default);
        Assert.True(hold.IsCompleted);
        await tracker.SettleAsync((await hold).Hold, Nanos(80), default);
        faults.Stuck = null;
        stuck.Set();
        await disk.RestartAsync();
        Assert.Equal(80, (await disk.Tracker.StateAsync(Ann)).Settled);
    }

    [Fact]
    public async Task A_second_process_is_told_that_the_file_has_one()
    {
        await using var disk = new Disk();
        await disk.Tracker.HeldAsync(Set(Ann), 100);
        IOException refused = Assert.Throws<IOException>(disk.Start);
        Assert.Contains("open in another process", refused.Message, StringComparison.Ordinal);
        Assert.Equal(100, (await disk.Tracker.StateAsync(Ann)).Held);
    }

    [Theory]
    [InlineData("UPDATE accounts SET settled = settled - 1")]
    [InlineData("UPDATE accounts SET limited = limited + 1")]
    [InlineData("DELETE FROM accounts WHERE id = 1")]
    [InlineData("DELETE FROM holds")]
    [InlineData("DELETE FROM claims")]
    [InlineData("UPDATE holds SET details = zeroblob(60)")]
    [InlineData("UPDATE budgets SET name = 'other'")]
    [InlineData("UPDATE accounts SET budget = 77")]
    [InlineData("UPDATE journal SET checksum = checksum + 1")]
    [InlineData("DELETE FROM journal")]
    [InlineData("DROP TABLE past_windows")]
    [InlineData("UPDATE accounts SET held = 0, checksum = 0")]
    public async Task A_file_that_was_changed_is_refused_and_left_as_it_is(string change)
    {
        await using var disk = new Disk();
        await disk.Tracker.HeldAsync(Set(Ann), 100);
        await disk.Tracker.SettleAsync(await disk.Tracker.HeldAsync(Set(Of(Terms("day"), "bob")), 20), Nanos(20), default);
        await disk.Tracker.ReleaseAsync(await disk.Tracker.HeldAsync(Set(Ann), 7, new HoldId(1, 1)), default);
        await disk.Tracker.ClaimAlertAsync(new AlertClaim { Type = AlertTypes.CostSpike }, default);
        await disk.StopAsync();
        disk.Run(change);
        byte[] before = SHA256.HashData(await File.ReadAllBytesAsync(disk.Path));
        InvalidDataException refused = Assert.Throws<InvalidDataException>(disk.Start);
        Assert.Contains(disk.Path, refused.Message, StringComparison.Ordinal);
        Assert.Contains("left as it is", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, SHA256.HashData(await File.ReadAllBytesAsync(disk.Path)));
    }

    [Fact]
    public async Task Bytes_that_rot_are_found_and_left()
    {
        await using var disk = new Disk();
        for (int i = 0; i < 300; i++)
        {
            await disk.Tracker.HeldAsync(Set(Of(Terms("day"), $"user{i}")), 10);
        }

        await disk.StopAsync();
        byte[] good = await File.ReadAllBytesAsync(disk.Path);
        var random = new Random(1);
        int refusals = 0;
        for (int i = 0; i < 40; i++)
        {
            byte[] bad = [.. good];
            int at = random.Next(bad.Length);
            bad[at] ^= (byte)(1 << random.Next(8));
            await File.WriteAllBytesAsync(disk.Path, bad);
            if (Record.Exception(() => disk.Tracker) is { } refused)
            {
                Assert.IsType<InvalidDataException>(refused);
                Assert.Equal(bad, await File.ReadAllBytesAsync(disk.Path));
                refusals++;
                continue;
            }

            // A byte that counts for nothing: free space, or a name for people to read.
            await disk.StopAsync();
        }

        Assert.InRange(refusals, 1, 40);
    }

    [Fact]
    public async Task A_file_of_something_else_is_left_alone()
    {
        await using var disk = new Disk();
        disk.Run("CREATE TABLE recipes (name TEXT)");
        byte[] before = await File.ReadAllBytesAsync(disk.Path);
        Assert.Contains("holds no budgets", Assert.Throws<InvalidDataException>(disk.Start).Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(disk.Path));
        await File.WriteAllTextAsync(disk.Path, new string('x', 5_000));
        Assert.Contains("no SQLite file", Assert.Throws<InvalidDataException>(disk.Start).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_a_newer_version_is_left_alone()
    {
        await using var disk = new Disk();
        await disk.Tracker.HeldAsync(Set(Ann), 100);
        await disk.StopAsync();
        disk.Run("PRAGMA user_version = 99");
        Assert.Contains("newer version", Assert.Throws<InvalidDataException>(disk.Start).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_missing_is_named()
    {
        string path = Path.Combine(Path.GetTempPath(), $"missing-{Guid.NewGuid():N}", "budgets.db");
        DirectoryNotFoundException refused = Assert.Throws<DirectoryNotFoundException>(() => SqliteJournalFile.Open(path, Durability.Strict));
        Assert.Contains("BudgetGuard:Sqlite:Path", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Durability.Strict, 2L)]
    [InlineData(Durability.Relaxed, 1L)]
    public async Task The_file_is_as_durable_as_it_says(Durability durability, long synchronous)
    {
        await using var disk = new Disk { Durability = durability };
        await disk.Tracker.HeldAsync(Set(Ann), 100);
        await disk.StopAsync();
        Assert.Equal(0, disk.Read("SELECT COUNT(*) FROM holds WHERE state = 3"));
        Assert.Equal(1, disk.Read("SELECT COUNT(*) FROM accounts"));
        using SqliteConnection connection = JournalOpening.Open(disk.Path, durability, mustExist: false);
        Assert.Equal(synchronous, Pragmas.Number(connection, "PRAGMA synchronous"));
        Assert.Equal(1, Pragmas.Number(connection, "PRAGMA fullfsync"));
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA journal_mode";
        Assert.Equal("wal", command.ExecuteScalar());
        command.CommandText = "PRAGMA locking_mode";
        Assert.Equal("exclusive", command.ExecuteScalar());
    }

    private static async Task RecoveredAsync(Disk disk)
    {
        // Each second is one try; the writer's thread needs a moment of its own to take it.
        for (int i = 0; i < 500 && !disk.Log.GetSnapshot().Any(static entry => entry.Id.Id == 622); i++)
        {
            disk.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5);
        }

        Assert.Contains(disk.Log.GetSnapshot(), static entry => entry.Id.Id == 622);
    }
}
