using System.Diagnostics;
using System.Globalization;
using BudgetGuard.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace BudgetGuard.Load;

/// <summary>How fast budgets are on disk, and how large: the figures of docs/performance.md.</summary>
internal static class DiskStore
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Warming = TimeSpan.FromSeconds(2);

    /// <summary>Holds and settlements of so many callers, each on two accounts of 1,000 users and one of all.</summary>
    public static async Task MeasureAsync(string path, IEnumerable<int> callers)
    {
        await using SqliteCostTracker tracker = Open(path);
        foreach (int count in callers)
        {
            await Cycles.MeasureAsync(tracker, count, Warming, Length);
        }
    }

    /// <summary>Makes so many accounts, then starts on them again.</summary>
    public static async Task MeasureAccountsAsync(string path, int accounts)
    {
        var terms = new BudgetTerms { Name = "day", Unit = BudgetUnit.Usd, Window = new WindowSpec(BudgetPeriod.Month, TimeZoneInfo.Utc), Per = ["User"], MaxTrackedPartitions = int.MaxValue };
        await using (SqliteCostTracker tracker = Open(path))
        {
            long before = GC.GetTotalMemory(forceFullCollection: true);
            await Parallel.ForEachAsync(Enumerable.Range(0, accounts), new ParallelOptions { MaxDegreeOfParallelism = 512 }, async (user, stopping) =>
            {
                var set = new AccountSet([new Account(terms, [user.ToString(CultureInfo.InvariantCulture)], 1_000_000_000)]);
                HoldResult held = await tracker.HoldAsync(new HoldRequest(set, new Charge(Money.FromNanos(1_000)), TimeSpan.FromMinutes(1)), stopping);
                await tracker.SettleAsync(held.Hold, new Charge(Money.FromNanos(500)), stopping);
            });
            long bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{accounts} accounts: {bytes / accounts} bytes of memory each"));
        }

        long started = Stopwatch.GetTimestamp();
        await using (Open(path))
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"start on {accounts} accounts: {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s, file {new FileInfo(path).Length / accounts} bytes each"));
        }
    }

    private static SqliteCostTracker Open(string path) => new(
        () => SqliteJournalFile.Open(path, Durability.Strict), path, Durability.Strict, TimeProvider.System, static () => ExpiredHolds.Charge,
        new StoreSignals(NullLogger.Instance, path));
}
