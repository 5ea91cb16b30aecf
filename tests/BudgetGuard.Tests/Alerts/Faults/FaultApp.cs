using BudgetGuard.Tests.Rig;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Tests.Alerts.Faults;

/// <summary>A guarded app with one sink that misbehaves and one that does not, each with a receiver on a port of its own, and a clock that only the test moves.</summary>
internal sealed class FaultApp : IAsyncDisposable
{
    public const string Bad = "bad";
    public const string Good = "good";

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(2);

    private readonly AlertApp _app;
    private readonly FaultyReceiver _bad;
    private readonly FaultyReceiver _good;

    private FaultApp(AlertApp app, FaultyReceiver bad, FaultyReceiver good)
    {
        _app = app;
        _bad = bad;
        _good = good;
        Books = new SinkBooks(app.App);
    }

    public GuardedApp App => _app.App;

    public SinkBooks Books { get; }

    /// <summary>How the sink that misbehaves is doing.</summary>
    public AlertSinkStatus BadStatus => App.Services.GetRequiredService<IBudgetAlerts>().Sinks.Single(static sink => sink.Name == Bad);

    public int GoodCount => _good.Received.Count;

    public int BadCount => _bad.Received.Count;

    private MoodySink? Moody => App.Services.GetServices<IAlertSink>().OfType<MoodySink>().SingleOrDefault();

    public static async Task<FaultApp> StartAsync(Fault fault, string section = GuardedApp.OneDollarADay, string? timeout = null)
    {
        FakeTimeProvider time = new(GuardedApp.Start);
        FaultyReceiver bad = FaultyReceiver.Start(IsOwn(fault) ? Fault.None : fault, time);
        FaultyReceiver good = FaultyReceiver.Start(Fault.None, time);
        AlertApp app = await AlertApp.StartAsync(
            section,
            guard =>
            {
                if (IsOwn(fault))
                {
                    guard.Services.AddSingleton<IAlertSink>(new MoodySink { Fault = fault });
                }
            },
            setup =>
            {
                setup.Time = time;
                setup.Services = static services => services.AddHealthChecks().AddBudgetGuard();
                setup.Keys["BudgetGuard:Alerts:DrainTimeout"] = "00:00:02";
                AddWebhook(setup, Good, good.Url);
                if (!IsOwn(fault))
                {
                    AddWebhook(setup, Bad, bad.Url);
                }

                // What answers at once, if wrongly, must not look like what hangs because a test's clock ran ahead of the network.
                setup.Keys[$"BudgetGuard:Alerts:Sinks:{Bad}:Timeout"] = timeout ?? (IsSlow(fault) ? "00:00:02" : "00:01:00");
                setup.Keys[$"BudgetGuard:Alerts:Sinks:{Bad}:Retries"] = "1";
                setup.Keys[$"BudgetGuard:Alerts:Sinks:{Bad}:MaxPerMinute"] = "1000";
                setup.Keys[$"BudgetGuard:Alerts:Sinks:{Good}:MaxPerMinute"] = "1000";
            });
        return new FaultApp(app, bad, good);
    }

    public static void AddWebhook(GuardedAppSetup setup, string name, string url)
    {
        string key = "BudgetGuard:Alerts:Sinks:" + name;
        setup.Keys[key + ":Type"] = "Webhook";
        setup.Keys[key + ":Url"] = url;
        setup.Keys[key + ":AllowPrivateNetworks"] = "true";
    }

    /// <summary>From the next attempt on, something else is wrong with the sink, or nothing.</summary>
    public void Set(Fault fault)
    {
        if (Moody is { } moody)
        {
            moody.Fault = fault;
        }
        else
        {
            _bad.Set(fault);
        }
    }

    /// <summary>Each of these users spends all it has, which is one alert for each; the clock stands still.</summary>
    public async Task SpendAsync(int first, int count)
    {
        for (int i = first; i < first + count; i++)
        {
            Assert.Equal(200, await App.WorkAsync(1.00m, $"user{i}").WaitAsync(Patience));
        }
    }

    /// <summary>Waits, while the clock stands still, until the sink that works has so many alerts.</summary>
    public async Task WhenGoodHasAsync(int count)
    {
        await _good.WaitForAsync(count);
        Assert.InRange(_good.Received.Count, count, Books.Raised);
    }

    /// <summary>Waits until something is so; the clock moves by a step each time a request over the loopback was answered, so never far ahead of the network.</summary>
    public async Task PassUntilAsync(Func<bool> isSo, TimeSpan step)
    {
        using CancellationTokenSource patience = new(Patience);
        while (!isSo())
        {
            patience.Token.ThrowIfCancellationRequested();
            App.Time.Advance(step);
            await _good.PingAsync();
        }
    }

    public async Task<(HealthStatus Status, string? Text)> HealthAsync()
    {
        HealthReport report = await App.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        return (report.Status, report.Entries.Single().Value.Description);
    }

    /// <summary>Stops the host, for which the clock may move by the drain timeout and a second that the host may take before it comes to the alerts.</summary>
    public Task StopAsync() => _app.AdvanceUntilAsync(App.Services.GetRequiredService<IHost>().StopAsync(), DrainTimeout + TimeSpan.FromSeconds(1));

    public async ValueTask DisposeAsync()
    {
        Moody?.Open();
        Books.Dispose();
        await _app.DisposeAsync();
        await _bad.DisposeAsync();
        await _good.DisposeAsync();
    }

    private static bool IsOwn(Fault fault) => fault is Fault.Throws or Fault.Blocks or Fault.IgnoresToken;

    private static bool IsSlow(Fault fault) => fault is Fault.Hangs or Fault.DripsHead or Fault.DripsBody or Fault.Blocks or Fault.IgnoresToken;
}
