using System.Diagnostics;
using System.Globalization;

namespace BudgetGuard.Load;

/// <summary>
/// Many users who reach a share of their limit at once, over HTTP, with a sink that hangs: how long a request takes with alerts and without, in turns in one run,
/// what memory is in use, and what became of all that were raised. Each round is run twice without alerts: how far these two differ is what a figure is worth.
/// At a rate, because a machine that is asked for all it can do shows as latency whatever work there is; 0 for as fast as it goes.
/// </summary>
internal static class AlertStorm
{
    private const int Users = 100_000;
    private const int Parallel = 64;

    public static async Task MeasureAsync(int rounds, int perSecond)
    {
        List<double> ratios = [];
        List<double> noise = [];
        for (int round = 0; round <= rounds; round++)
        {
            Figures before = await RoundAsync(perSecond, alerts: false, tells: false);
            Figures with = await RoundAsync(perSecond, alerts: true, tells: round > 0);
            Figures after = await RoundAsync(perSecond, alerts: false, tells: false);
            if (round == 0)
            {
                continue;
            }

            ratios.Add(with.P99 / Math.Sqrt(before.P99 * after.P99));
            noise.Add(Math.Max(before.P99, after.P99) / Math.Min(before.P99, after.P99));
            Console.WriteLine($"round {round}\n  with alerts  {with}\n  without      {before}\n  without      {after}");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  p99 with / without {ratios[^1]:0.00}; without / without {noise[^1]:0.00}"));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"median of {rounds} rounds: p99 with / without {MedianOf(ratios):0.00}; the larger without / the smaller {MedianOf(noise):0.00}"));
    }

    private static double MedianOf(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }

    private static async Task<Figures> RoundAsync(int perSecond, bool alerts, bool tells)
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
        GC.Collect();
        (TimeSpan Paused, int Collections, int Full, long Bytes) began = Garbage();
        await Task.WhenAll(Enumerable.Range(0, Parallel).Select(lane => Task.Run(() => AskAsync(client, ticks, lane, perSecond))));
        (TimeSpan Paused, int Collections, int Full, long Bytes) ended = Garbage();
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
        return new Figures(
            Micros(ticks[Users / 2]),
            Micros(ticks[Users * 99 / 100]),
            ended.Collections - began.Collections,
            ended.Full - began.Full,
            ended.Paused - began.Paused,
            (ended.Bytes - began.Bytes) / Users);
    }

    private static (TimeSpan Paused, int Collections, int Full, long Bytes) Garbage() =>
        (GC.GetTotalPauseDuration(), GC.CollectionCount(0), GC.CollectionCount(2), GC.GetTotalAllocatedBytes());

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

    private sealed record Figures(double Median, double P99, int Collections, int Full, TimeSpan Paused, long Bytes)
    {
        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"median {Median,5:0} µs, p99 {P99,6:0} µs; {Collections} collections ({Full} full), {Paused.TotalMilliseconds:0} ms of pauses; {Bytes} bytes a request, client included");
    }

    private sealed class HangingSink : IAlertSink
    {
        // It hangs for good, so that all that comes has to wait, or to be folded.
        public async ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken) => await Task.Delay(Timeout.Infinite, cancellationToken);
    }
}
