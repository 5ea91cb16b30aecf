using System.Diagnostics;
using System.Globalization;

namespace BudgetGuard.Load;

/// <summary>
/// Many users who reach a share of their limit at once, over HTTP, with a sink that hangs: how long a request takes with alerts and without, in turns in one run,
/// what memory is in use, and what became of all that were raised. At a rate, because a machine that is asked for all it can do shows as latency whatever
/// work there is; 0 for as fast as it goes.
/// </summary>
internal static class AlertStorm
{
    private const int Users = 100_000;
    private const int Parallel = 64;

    public static async Task MeasureAsync(int rounds, int perSecond)
    {
        List<double> ratios = [];
        for (int round = 0; round <= rounds; round++)
        {
            (double Median, double P99) with = await RoundAsync(perSecond, alerts: true, tells: round > 0);
            (double Median, double P99) without = await RoundAsync(perSecond, alerts: false, tells: false);
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

    private static async Task<(double Median, double P99)> RoundAsync(int perSecond, bool alerts, bool tells)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(
        [
            new("BudgetGuard:Budgets:daily:Limit", "1"), new("BudgetGuard:Budgets:daily:Period", "Day"), new("BudgetGuard:Budgets:daily:Per", "User"),
            new("BudgetGuard:EnableAlerting", alerts ? "true" : "false"), new("BudgetGuard:Alerts:DrainTimeout", "2s"),
        ]);
        builder.Services.AddBudgetGuard().AddAlertSink<HangingSink>()
            .UseUserExtractor(static context => context.Request.QueryString.Value)
            .UseCostEstimator(static _ => 0.85m);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using WebApplication app = builder.Build();
        app.UseBudgetGuard();
        app.MapGet("/work", static () => "done");
        await app.StartAsync();
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Parallel }) { BaseAddress = new Uri(app.Urls.First()) };
        long[] ticks = new long[Users];
        await Task.WhenAll(Enumerable.Range(0, Parallel).Select(lane => Task.Run(() => AskAsync(client, ticks, lane, perSecond))));
        long inUse = GC.GetTotalMemory(forceFullCollection: true);
        IBudgetAlerts sinks = app.Services.GetRequiredService<IBudgetAlerts>();
        await app.StopAsync();
        if (tells)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {inUse / 1024 / 1024} MiB in use in all, the accounts of {Users} users among it"));
            foreach (AlertSinkStatus sink in sinks.Sinks)
            {
                Console.WriteLine($"  {sink.Name}: sent {sink.Sent}, folded {sink.Folded}, failed {sink.Failed}, dropped at shutdown {sink.Dropped}");
            }
        }

        Array.Sort(ticks);
        return (Micros(ticks[Users / 2]), Micros(ticks[Users * 99 / 100]));
    }

    private static async Task AskAsync(HttpClient client, long[] ticks, int lane, int perSecond)
    {
        long began = Stopwatch.GetTimestamp();
        for (int user = lane; user < Users; user += Parallel)
        {
            if (perSecond > 0 && TimeSpan.FromSeconds((double)user / perSecond) - Stopwatch.GetElapsedTime(began) is { Ticks: > 0 } early)
            {
                // Paced by the real clock, as clients are.
                await Task.Delay(early);
            }

            long started = Stopwatch.GetTimestamp();
            using HttpResponseMessage answer = await client.GetAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"/work?{user}"), UriKind.Relative));
            answer.EnsureSuccessStatusCode();
            ticks[user] = Stopwatch.GetTimestamp() - started;
        }
    }

    private static double Micros(long ticks) => ticks * 1e6 / Stopwatch.Frequency;

    private sealed class HangingSink : IAlertSink
    {
        // It hangs for good, so that all that comes has to wait, or to be folded.
        public async ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken) => await Task.Delay(Timeout.Infinite, cancellationToken);
    }
}
