using static BudgetGuard.Sqlite.Tests.Budgets;

namespace BudgetGuard.Sqlite.Tests;

/// <summary>What a start makes of a log that is not as it was written: one that ends too soon is what a power cut leaves, one with a hole is damaged.</summary>
public sealed class LogTests
{
    private const int Header = 32;

    private static readonly Account Ann = Of(Terms("total", BudgetPeriod.Total), "ann", 10_000);

    [Theory]
    [InlineData(Header + 4)]
    [InlineData(Header + 9)]
    [InlineData(Header + 17)]
    [InlineData(Header + 300)]
    [InlineData(25)]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(13)]
    public async Task A_hole_in_the_log_is_found_and_left(int at)
    {
        await using var disk = new Disk();
        (byte[] file, byte[] log) = await CrashedAsync(disk);
        log[at] ^= 0x10;
        await PutAsync(disk, file, log);
        InvalidDataException refused = Assert.Throws<InvalidDataException>(disk.Start);
        Assert.Contains(disk.Path + "-wal", refused.Message, StringComparison.Ordinal);
        Assert.Contains("left as it is", refused.Message, StringComparison.Ordinal);
        Assert.Equal(file, await File.ReadAllBytesAsync(disk.Path));
        Assert.Equal(log, await File.ReadAllBytesAsync(disk.Path + "-wal"));

        // Who says that this much may be lost goes on without it.
        disk.Durability = Durability.Relaxed;
        Assert.True((await disk.Tracker.StateAsync(Ann)).Settled < 500);
    }

    [Fact]
    public async Task A_log_that_was_cut_off_anywhere_is_taken_as_far_as_it_goes()
    {
        await using var disk = new Disk();
        (byte[] file, byte[] log) = await CrashedAsync(disk);
        long most = 0;
        for (int length = 0; length <= log.Length; length += 1_013)
        {
            await PutAsync(disk, file, log[..length]);
            long settled = (await disk.Tracker.StateAsync(Ann)).Settled;
            Assert.InRange(settled, most, 500);
            most = settled;
            await disk.StopAsync();
        }

        await PutAsync(disk, file, log);
        Assert.Equal(500, (await disk.Tracker.StateAsync(Ann)).Settled);
    }

    [Fact]
    public async Task The_last_commit_may_have_been_caught_by_a_power_cut()
    {
        await using var disk = new Disk();
        (byte[] file, byte[] log) = await CrashedAsync(disk);
        log[^50] ^= 0x10;
        await PutAsync(disk, file, log);
        Assert.InRange((await disk.Tracker.StateAsync(Ann)).Settled, 400, 500);
    }

    [Fact]
    public async Task What_a_log_had_before_it_began_anew_is_no_hole()
    {
        await using var disk = new Disk();
        for (int i = 0; i < 40; i++)
        {
            (byte[] file, byte[] log) = await CrashedAsync(disk, settlements: i);
            await PutAsync(disk, file, [.. log, .. new byte[100_000]]);
            Assert.False(LogCheck.HasHole(disk.Path + "-wal"));
            Assert.Equal(i * 100, (await disk.Tracker.StateAsync(Ann)).Settled);
            await disk.StopAsync();
            File.Delete(disk.Path);
        }
    }

    /// <summary>The file and its log as a process leaves them that breaks down after some settlements of 100 each, all acknowledged.</summary>
    private static async Task<(byte[] File, byte[] Log)> CrashedAsync(Disk disk, int settlements = 5)
    {
        for (int i = 0; i < settlements; i++)
        {
            await disk.Tracker.SettleAsync(await disk.Tracker.HeldAsync(Set(Ann), 100), Nanos(100), default);
        }

        _ = disk.Tracker;
        (byte[], byte[]) left = (await ReadAsync(disk.Path), await ReadAsync(disk.Path + "-wal"));
        await disk.StopAsync();
        return left;
    }

    private static async Task PutAsync(Disk disk, byte[] file, byte[] log)
    {
        await File.WriteAllBytesAsync(disk.Path, file);
        await File.WriteAllBytesAsync(disk.Path + "-wal", log);
    }

    private static async Task<byte[]> ReadAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var copy = new MemoryStream();
        await file.CopyToAsync(copy);
        return copy.ToArray();
    }
}
