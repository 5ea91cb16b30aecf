using System.Diagnostics;
using System.Globalization;

namespace BudgetGuard.Load;

/// <summary>Holds and settlements, as fast as a tracker takes them.</summary>
internal static class Cycles
{
    private const int Users = 1_000;

    /// <summary>So many callers hold and settle on an account of one user and one of all; prints how many a second, and how long a hold with its settlement takes.</summary>
    public static async Task MeasureAsync(ICostTracker tracker, int callers, TimeSpan warming, TimeSpan length)
    {
        var user = new BudgetTerms { Name = "user", Unit = BudgetUnit.Usd, Window = new WindowSpec(BudgetPeriod.Day, TimeZoneInfo.Utc), Per = ["User"] };
        var org = new BudgetTerms { Name = "org", Unit = BudgetUnit.Usd, Window = new WindowSpec(BudgetPeriod.Month, TimeZoneInfo.Utc) };
        var all = new Account(org, [], 8_000_000_000_000_000);
        AccountSet[] sets =
        [
            .. Enumerable.Range(0, Users).Select(number => new AccountSet([new Account(user, [number.ToString(CultureInfo.InvariantCulture)], 1_000_000_000_000_000), all])),
        ];
        await RunAsync(tracker, sets, callers, warming);
        long started = Stopwatch.GetTimestamp();
        List<long> took = await RunAsync(tracker, sets, callers, length);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        took.Sort();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{callers} callers: {took.Count / seconds:0} cycles/s, p50 {Milliseconds(took[took.Count / 2]):0.00} ms, p99 {Milliseconds(took[(int)(took.Count * 0.99)]):0.00} ms"));
    }

    private static double Milliseconds(long ticks) => ticks * 1_000.0 / Stopwatch.Frequency;

    private static async Task<List<long>> RunAsync(ICostTracker tracker, AccountSet[] sets, int callers, TimeSpan length)
    {
        long end = Stopwatch.GetTimestamp() + (long)(length.TotalSeconds * Stopwatch.Frequency);
        List<long>[] all = await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            List<long> took = [];
            var random = new Random(caller);
            while (Stopwatch.GetTimestamp() is var began && began < end)
            {
                HoldResult held = await tracker.HoldAsync(
                    new HoldRequest(sets[random.Next(sets.Length)], new Charge(Money.FromNanos(1_000)), TimeSpan.FromMinutes(10)), CancellationToken.None);
                await tracker.SettleAsync(held.Hold, new Charge(Money.FromNanos(600)), CancellationToken.None);
                took.Add(Stopwatch.GetTimestamp() - began);
            }

            return took;
        })));
        return [.. all.SelectMany(static one => one)];
    }
}
