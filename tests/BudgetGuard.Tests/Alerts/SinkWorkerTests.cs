using BudgetGuard.Alerts.Delivery;
using BudgetGuard.Configuration;
using BudgetGuard.Tests.Rig;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Alerts;

/// <summary>What one sink's worker does at its end, and who waits for it.</summary>
public sealed class SinkWorkerTests
{
    [Fact]
    public async Task What_comes_after_a_workers_last_digest_is_dropped_and_counted_and_not_folded_where_nobody_tells_it()
    {
        await using ServiceProvider provider = new ServiceCollection().AddBudgetGuard().Services.BuildServiceProvider();
        using SinkWorker worker = new(
            new HeardAlerts(), new AlertSinkSettings("late", new AlertSinkOptions()), isOwned: false, provider.GetRequiredService<DeliveryLog>(), TimeProvider.System);
        worker.Complete();
        await worker.Completion.WaitAsync(TimeSpan.FromSeconds(30));
        AlertDelivery late = new(
            new BudgetAlert
            {
                Id = Guid.NewGuid(),
                Type = AlertTypes.BudgetExceeded,
                Severity = AlertSeverity.Critical,
                At = GuardedApp.Start,
                IncidentKey = "late",
                Message = "late",
            },
            1,
            static _ => { });
        worker.Enqueue(late);
        Assert.True(late.HasFailed);
        Assert.Equal((0, 1), (worker.Status.Folded, worker.Status.Dropped));
    }

    [Fact]
    public async Task A_listener_of_metrics_that_throws_does_not_end_a_sink()
    {
        await using AlertApp app = await AlertApp.StartAsync();
        bool throws = true;
        using System.Diagnostics.Metrics.MeterListener listener = new()
        {
            InstrumentPublished = (instrument, self) =>
            {
                // Of this app alone: other tests run beside it.
                if (instrument.Name == "budgetguard.alerts.sent" && ReferenceEquals(instrument.Meter.Scope, app.App.Services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>()))
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, _, _) =>
        {
            if (throws)
            {
                throw new InvalidOperationException("listener");
            }
        });
        listener.Start();
        await app.AskAsync(0.60m, "alice");
        await app.Heard.WaitForAsync(1);
        IBudgetAlerts sinks = app.App.Services.GetRequiredService<IBudgetAlerts>();
        await app.AdvanceUntilAsync(() => sinks.Sinks.All(static sink => sink.Failed == 1), TimeSpan.Zero);
        throws = false;
        await app.AskAsync(0.60m, "bob");
        await app.Heard.WaitForAsync(2);
        Assert.Equal(["alice", "bob"], (await app.StopAsync()).Select(static alert => alert.Partition.Single()));
    }

    [Fact]
    public async Task Without_background_processing_a_request_that_raises_nothing_does_not_wait_for_the_alerts_of_others()
    {
        await using AlertApp app = await AlertApp.StartAsync(
            sinks: static guard => guard.AddAlertSink<HangingSink>(),
            configure: static setup => setup.Keys["BudgetGuard:AsyncProcessing"] = "false");
        Task<int> waits = app.AskAsync(0.60m, "alice");
        await app.Sink<HangingSink>().EnteredAsync();
        Assert.Equal(200, await app.AskAsync(0.10m, "bob").WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.False(waits.IsCompleted);
        await app.AdvanceUntilAsync(() => waits.IsCompleted, TimeSpan.FromSeconds(1));
        Assert.Equal(200, await waits);
        await app.StopHostAsync();
    }
}
