using System.Diagnostics;
using System.Globalization;
using BudgetGuard.Accounting;
using StackExchange.Redis;

namespace BudgetGuard.Load;

/// <summary>How fast budgets are in Redis, directly and on what is borrowed: the figures of docs/performance.md.</summary>
internal static class RedisStore
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Warming = TimeSpan.FromSeconds(2);
    private const int Decisions = 2_000_000;

    public static async Task MeasureAsync(string address, IEnumerable<int> callers)
    {
        await using ConnectionMultiplexer connection = await RedisRace.ConnectAsync(address);
        ICostTracker tracker = RedisRace.Open(connection, $"load{Environment.ProcessId}", borrows: false);
        await using var closing = (IAsyncDisposable)tracker;
        foreach (int count in callers)
        {
            (long scripts, long microseconds) before = await ScriptsAsync(connection);
            await Cycles.MeasureAsync(tracker, count, Warming, Length);
            (long scripts, long microseconds) after = await ScriptsAsync(connection);
            long calls = after.scripts - before.scripts;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"  {calls} scripts while warming and measuring, {(after.microseconds - before.microseconds) / (double)calls:0.0} µs each"));
        }
    }

    /// <summary>One caller on one account: in memory, and on what is borrowed.</summary>
    public static async Task MeasureLeasesAsync(string address)
    {
        await using ConnectionMultiplexer connection = await RedisRace.ConnectAsync(address);
        ICostTracker leased = RedisRace.Open(connection, $"leases{Environment.ProcessId}", borrows: true);
        await using var closing = (IAsyncDisposable)leased;
        var memory = new InMemoryCostTracker(TimeProvider.System, static () => ExpiredHolds.Charge);
        for (int round = 0; round < 3; round++)
        {
            double there = await DecideAsync(memory);
            (long before, _) = await ScriptsAsync(connection);
            double here = await DecideAsync(leased);
            (long after, _) = await ScriptsAsync(connection);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"hold and settle: in memory {there:0} ns, on what is borrowed {here:0} ns ({here / there:0.00} times); {(after - before) / (double)Decisions:0.00000} scripts a request"));
        }
    }

    private static async Task<double> DecideAsync(ICostTracker tracker)
    {
        var org = new BudgetTerms { Name = "org", Unit = BudgetUnit.Usd, Window = WindowSpec.Total };
        var set = new AccountSet([new Account(org, [], 8_000_000_000_000_000)]);
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < Decisions; i++)
        {
            HoldResult held = await tracker.HoldAsync(new HoldRequest(set, new Charge(Money.FromNanos(1_000)), TimeSpan.FromMinutes(10)), CancellationToken.None);
            await tracker.SettleAsync(held.Hold, new Charge(Money.FromNanos(600)), CancellationToken.None);
        }

        return Stopwatch.GetElapsedTime(started).TotalNanoseconds / Decisions;
    }

    private static async Task<(long Scripts, long Microseconds)> ScriptsAsync(ConnectionMultiplexer connection)
    {
        string text = (string)(await connection.GetDatabase().ExecuteAsync("INFO", "commandstats"))!;
        long calls = 0;
        long microseconds = 0;
        foreach (string line in text.Split('\n').Where(static line => line.StartsWith("cmdstat_eval", StringComparison.Ordinal)))
        {
            calls += long.Parse(line.Split("calls=")[1].Split(',')[0], CultureInfo.InvariantCulture);
            microseconds += long.Parse(line.Split("usec=")[1].Split(',')[0], CultureInfo.InvariantCulture);
        }

        return (calls, microseconds);
    }
}
