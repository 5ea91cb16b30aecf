using System.Diagnostics;
using System.Globalization;

namespace BudgetGuard.Load;

/// <summary>
/// Many users who cross their limit at once, through <see cref="IBudgetGuard"/>: how long a request takes with alerts and without, in turns in one run, what
/// memory the alerts take, and whether all that were raised are accounted for.
/// </summary>
internal static class AlertStorm
{
    private const int Users = 100_000;
    private const int Parallel = 64;

    public static async Task MeasureAsync(int rounds)
    {
        List<double> ratios = [];
        for (int round = 0; round <= rounds; round++)
        {
            (double Median, double P99) with = await RoundAsync(alerts: true, tells: round > 0);
            (double Median, double P99) without = await RoundAsync(alerts: false, tells: false);
            if (round > 0)
            {
                ratios.Add(with.P99 / without.P99);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"round {round}: with alerts median {with.Median:0.0} µs, p99 {with.P99:0.0} µs; without {without.Median:0.0} µs, {without.P99:0.0} µs; p99 ratio {ratios[^1]:0.00}"));
            }
        }

        ratios.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"p99 with alerts / without: median {ratios[ratios.Count / 2]:0.00} of {rounds} rounds"));
    }

    private static async Task<(double Median, double P99)> RoundAsync(bool alerts, bool tells)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(
        [
            new("BudgetGuard:Budgets:daily:Limit", "1"), new("BudgetGuard:Budgets:daily:Period", "Day"), new("BudgetGuard:Budgets:daily:Per", "User"),
            new("BudgetGuard:EnableAlerting", alerts ? "true" : "false"), new("BudgetGuard:Alerts:DrainTimeout", "2s"),
        ]);
        builder.Services.AddBudgetGuard().AddAlertSink<HangingSink>();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using WebApplication app = builder.Build();
        await app.StartAsync();
        IBudgetGuard guard = app.Services.GetRequiredService<IBudgetGuard>();
        long[] ticks = new long[Users];
        GC.Collect();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await Task.WhenAll(Enumerable.Range(0, Parallel).Select(lane => Task.Run(() => SpendAsync(guard, ticks, lane))));
        long after = GC.GetTotalMemory(forceFullCollection: true);
        IBudgetAlerts sinks = app.Services.GetRequiredService<IBudgetAlerts>();
        await app.StopAsync();
        if (tells)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  memory grew by {(after - before) / 1024 / 1024} MiB, the accounts of {Users} users among it"));
            foreach (AlertSinkStatus sink in sinks.Sinks)
            {
                Console.WriteLine($"  {sink.Name}: sent {sink.Sent}, folded {sink.Folded}, failed {sink.Failed}, dropped at shutdown {sink.Dropped}");
            }
        }

        Array.Sort(ticks);
        return (Micros(ticks[Users / 2]), Micros(ticks[Users * 99 / 100]));
    }

    private static async Task SpendAsync(IBudgetGuard guard, long[] ticks, int lane)
    {
        for (int user = lane; user < Users; user += Parallel)
        {
            var request = new BudgetRequest { Subject = user.ToString(CultureInfo.InvariantCulture), Estimate = 0.90m };
            long started = Stopwatch.GetTimestamp();
            await using (BudgetLease lease = await guard.BeginAsync(request))
            {
                lease.ReportCost(0.85m);
            }

            ticks[user] = Stopwatch.GetTimestamp() - started;
        }
    }

    private static double Micros(long ticks) => ticks * 1e6 / Stopwatch.Frequency;

    private sealed class HangingSink : IAlertSink
    {
        public async ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken) => await Task.Delay(Timeout.Infinite, cancellationToken);
    }
}
