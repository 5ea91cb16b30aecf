using BudgetGuard.Tests.Rig;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BudgetGuard.Tests.Alerts;

/// <summary>A guarded app whose requests say what they cost, and a sink that hears its alerts.</summary>
internal sealed class AlertApp : IAsyncDisposable
{
    private AlertApp(GuardedApp app) => App = app;

    public GuardedApp App { get; }

    public HeardAlerts Heard => Sink<HeardAlerts>();

    /// <summary>Starts the app; the sinks that are given come before the one that hears.</summary>
    public static async Task<AlertApp> StartAsync(
        string section = GuardedApp.OneDollarADay, Action<IBudgetGuardBuilder>? sinks = null, Action<GuardedAppSetup>? configure = null)
    {
        GuardedApp app = await GuardedApp.StartAsync(section, PricedWork.Map, setup =>
        {
            setup.Guard = guard =>
            {
                sinks?.Invoke(guard);
                guard.AddAlertSink<HeardAlerts>();
                PricedWork.Estimate(guard);
            };
            configure?.Invoke(setup);
        });
        return new AlertApp(app);
    }

    public T Sink<T>()
        where T : IAlertSink =>
        App.Services.GetServices<IAlertSink>().OfType<T>().Single();

    /// <summary>Asks for work that is estimated at one price and, if told so, costs another; gives the status.</summary>
    public Task<int> AskAsync(decimal usd, string user = "alice", decimal? actual = null) => App.WorkAsync(usd, user, actual);

    /// <summary>Stops the app, which sends what is queued, and gives all that was heard.</summary>
    public async Task<IReadOnlyList<BudgetAlert>> StopAsync()
    {
        await App.Services.GetRequiredService<IHost>().StopAsync();
        return Heard.All;
    }

    /// <summary>Stops the host while its clock goes on, as a clock does: by a bound at most, after which a sink that hangs must have been left behind.</summary>
    public Task StopHostAsync() => AdvanceUntilAsync(App.Services.GetRequiredService<IHost>().StopAsync(), TimeSpan.FromSeconds(6));

    /// <summary>Moves the clock on, in steps, until a task that waits by it is done; it must not need much more than a bound.</summary>
    public async Task AdvanceUntilAsync(Task task, TimeSpan bound)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        TimeSpan step = TimeSpan.FromMilliseconds(100);
        TimeSpan passed = TimeSpan.Zero;
        while (!task.IsCompleted)
        {
            patience.Token.ThrowIfCancellationRequested();
            if (passed < bound)
            {
                App.Time.Advance(step);
                passed += step;
            }

            // The clock must not run away from those that have work to do and wait for nothing.
            for (int i = 0; i < 1_000 && !task.IsCompleted; i++)
            {
                await Task.Yield();
            }
        }

        await task;
    }

    /// <summary>Waits until each sink has been sent so many. A clock that jumps while an alert is being delivered times that delivery out, and it is sent again.</summary>
    public async Task DeliveredAsync(int count)
    {
        IBudgetAlerts alerts = App.Services.GetRequiredService<IBudgetAlerts>();
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        while (!alerts.Sinks.All(sink => sink.Sent >= count))
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>Moves the clock on, in steps, until something is so.</summary>
    public async Task AdvanceUntilAsync(Func<bool> isSo, TimeSpan step)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        while (!isSo())
        {
            patience.Token.ThrowIfCancellationRequested();
            App.Time.Advance(step);
            for (int i = 0; i < 1_000 && !isSo(); i++)
            {
                await Task.Yield();
            }
        }
    }

    /// <summary>Stops the app and gives type and threshold of all that was heard.</summary>
    public async Task<IEnumerable<(string Type, decimal? Threshold)>> StopAndListAsync() =>
        (await StopAsync()).Select(static alert => (alert.Type, alert.Threshold));

    /// <summary>Changes the configuration of the running app.</summary>
    public void Reconfigure(string key, string value) => ((IConfigurationBuilder)App.Configuration).AddInMemoryCollection([new(key, value)]);

    public ValueTask DisposeAsync() => App.DisposeAsync();
}
