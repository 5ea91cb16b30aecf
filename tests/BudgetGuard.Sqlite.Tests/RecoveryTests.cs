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

    [Theory]
    [InlineData(10, 0, "cannot be read")]
    [InlineData(7, 0, "cannot be read")]
    [InlineData(0, 13, "cannot be written")]
    [InlineData(0, 10, "cannot be written")]
    public async Task A_disk_that_fails_is_not_called_a_damaged_file(int reading, int accepting, string expected)
    {
        var faults = new FaultyDisk();
        await using var disk = new Disk { Wrap = faults.Wrap };
        await disk.Tracker.HeldAsync(Set(Ann), 100);
        await disk.StopAsync();
        (faults.ReadingFails, faults.AcceptingFails) = (reading, accepting);
        IOException refused = Assert.Throws<IOException>(disk.Start);
        Assert.Contains(disk.Path, refused.Message, StringComparison.Ordinal);
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        (faults.ReadingFails, faults.AcceptingFails) = (0, 0);
        Assert.Equal(100, (await disk.Tracker.StateAsync(Ann)).Settled);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_log_whose_file_is_gone_is_refused_and_left(bool isEmpty)
    {
        await using var disk = new Disk();
        await disk.Tracker.HeldAsync(Set(Ann), 100);
        string log = disk.Path + "-wal";
        byte[] written = await ReadOpenAsync(log);
        Assert.NotEmpty(written);
        await disk.StopAsync();
        File.Delete(disk.Path);
        await File.WriteAllBytesAsync(log, written);
        if (isEmpty)
        {
            await File.WriteAllBytesAsync(disk.Path, []);
        }

        InvalidDataException refused = Assert.Throws<InvalidDataException>(disk.Start);
        Assert.Contains(log, refused.Message, StringComparison.Ordinal);
        Assert.Contains("left as it is", refused.Message, StringComparison.Ordinal);
        Assert.Equal(written, await File.ReadAllBytesAsync(log));
    }

    private static async Task<byte[]> ReadOpenAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var copy = new MemoryStream();
        await file.CopyToAsync(copy);
        return copy.ToArray();
    }
}
