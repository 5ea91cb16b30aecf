using BudgetGuard.Tests.Rig;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BudgetGuard.Tests.Alerts;

/// <summary>How alerts reach sinks: behind requests, past sinks that fail or hang, bounded, and before the app is gone.</summary>
public sealed class AlertDeliveryTests
{
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task T168_A_sink_that_throws_costs_no_request_and_no_other_sink_an_alert()
    {
        await using AlertApp app = await AlertApp.StartAsync(sinks: static guard => guard.AddAlertSink<ThrowingSink>());
        using CountedMetric failed = new(app.App, "budgetguard.alerts.failed");
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(200, await app.AskAsync(1.00m, $"user{i}"));
        }

        await app.Heard.WaitForAsync(20);
        await app.AdvanceUntilAsync(() => failed.Sum == 20, TimeSpan.FromSeconds(1));
        Assert.Equal(20, (await app.StopAsync()).Count);
        Assert.InRange(app.App.Logs.GetSnapshot().Count(record => record.Id.Name == "AlertNotSent" && record.Message.Contains("ThrowingSink")), 10, 19);
        Assert.Contains(app.App.Logs.GetSnapshot(), record => record.Exception?.Message == "sink down");
        Assert.Equal(20, app.App.Logs.GetSnapshot().Count(record => record.Category == "BudgetGuard.Alerts"));
    }

    [Fact]
    public async Task T168_Failing_sinks_are_not_logged_where_errors_are_not_to_be_but_counted()
    {
        await using AlertApp app = await AlertApp.StartAsync(
            sinks: static guard => guard.AddAlertSink<ThrowingSink>(), configure: static setup => setup.Keys["BudgetGuard:LogErrors"] = "false");
        using CountedMetric failed = new(app.App, "budgetguard.alerts.failed");
        await app.AskAsync(1.00m);
        await app.AdvanceUntilAsync(() => failed.Sum == 1, TimeSpan.FromSeconds(1));
        await app.StopAsync();
        Assert.DoesNotContain(app.App.Logs.GetSnapshot(), record => record.Id.Name == "AlertNotSent");
    }

    [Fact]
    public async Task T169_A_sink_that_hangs_holds_up_no_request_and_no_other_sink()
    {
        await using AlertApp app = await AlertApp.StartAsync(sinks: static guard => guard.AddAlertSink<HangingSink>());
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(200, await app.AskAsync(1.00m, $"user{i}"));
        }

        await app.Sink<HangingSink>().EnteredAsync();
        await app.Heard.WaitForAsync(5);
        Assert.Equal(["user0", "user1", "user2", "user3", "user4"], app.Heard.All.Select(alert => alert.Partition.Single()));
    }

    [Fact]
    public async Task T169_A_sink_that_hangs_is_left_after_its_timeout_and_tried_again()
    {
        await using AlertApp app = await AlertApp.StartAsync(sinks: static guard => guard.AddAlertSink<HangingSink>());
        using CountedMetric retried = new(app.App, "budgetguard.alerts.retried");
        using CountedMetric failed = new(app.App, "budgetguard.alerts.failed");
        Assert.Equal(200, await app.AskAsync(1.00m));
        await app.AdvanceUntilAsync(() => failed.Sum == 1, TimeSpan.FromSeconds(1));
        Assert.Equal(3, retried.Sum);
        for (int i = 0; i < 4; i++)
        {
            await app.Sink<HangingSink>().EnteredAsync();
        }
    }

    [Fact]
    public async Task T182_An_alert_a_sink_cannot_write_stops_neither_that_sink_nor_the_loop()
    {
        await using AlertApp app = await AlertApp.StartAsync(
            sinks: static guard => guard.AddAlertSink<PoisonedSink>(), configure: static setup => setup.Keys["BudgetGuard:Alerts:Sinks:PoisonedSink:Retries"] = "0");
        await app.AskAsync(1.00m, "bad");
        await app.AskAsync(1.00m, "good");
        Assert.Equal(["bad", "good"], (await app.StopAsync()).Select(alert => alert.Partition.Single()));
        Assert.Equal("good", Assert.Single(app.Sink<PoisonedSink>().Sent).Partition.Single());
        Assert.Equal(2, app.Sink<PoisonedSink>().Calls);
    }

    [Fact]
    public async Task T168_A_failed_attempt_is_repeated_and_the_alert_arrives()
    {
        await using AlertApp app = await AlertApp.StartAsync(sinks: static guard => guard.AddAlertSink<PoisonedSink>());
        await app.AskAsync(1.00m, "alice");
        await app.AdvanceUntilAsync(() => app.Sink<PoisonedSink>().Sent.Count == 1, TimeSpan.FromMilliseconds(500));
        Assert.Equal(2, app.Sink<PoisonedSink>().Calls);
    }

    [Theory]
    [InlineData(100_000, true)]
    [InlineData(10_000, false)]
    public async Task T170_T171_Of_all_users_that_reach_their_limits_each_is_told_of_folded_or_counted(int users, bool hangs)
    {
        await using AlertApp app = await AlertApp.StartAsync(
            """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"],"AlertAt":[1.0]}}}""", static guard => guard.AddAlertSink<HangingSink>());
        using CountedMetric raised = new(app.App, "budgetguard.alerts");
        using CountedMetric dropped = new(app.App, "budgetguard.alerts.dropped");
        using CountedMetric folded = new(app.App, "budgetguard.alerts.folded");
        if (!hangs)
        {
            app.Sink<HangingSink>().Open();
        }

        for (int i = 0; i < users; i++)
        {
            await app.App.SpendAsync(1.00m, $"user{i}");
        }

        Assert.Equal(users, raised.Sum);
        IBudgetAlerts alerts = app.App.Services.GetRequiredService<IBudgetAlerts>();
        await app.AdvanceUntilAsync(
            () => alerts.Sinks.Single(static sink => sink.Name == "HeardAlerts") is var heard && heard.Sent + heard.Folded >= users - dropped.Sum, TimeSpan.Zero);
        await (hangs ? app.StopHostAsync() : app.StopAsync());
        long unseen = dropped.Sum - alerts.Sinks.Sum(static sink => sink.Dropped);
        foreach (AlertSinkStatus sink in alerts.Sinks)
        {
            long digests = sink.Name == "HeardAlerts" ? app.Heard.All.Count(static alert => alert.Type == AlertTypes.Digest) : sink.Folded > 0 && sink.Sent > 0 ? 1 : 0;
            Assert.Equal(users - unseen, sink.Sent - digests + sink.Folded + sink.Dropped + sink.Failed);
        }

        Assert.Equal(alerts.Sinks.Sum(static sink => sink.Folded), folded.Sum);
        long told = app.Heard.All.Sum(static alert => alert.Type == AlertTypes.Digest ? alert.Items.Sum(static item => item.Count) : 1);
        Assert.Equal(users - unseen, told);
        Assert.Equal(dropped.Sum > 0, app.App.Logs.GetSnapshot().Any(static record => record.Id.Name == "AlertsDropped"));
        Assert.Equal(hangs, alerts.Sinks.Single(static sink => sink.Name == "HangingSink").Dropped > 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Without_async_processing_alerts_are_sent_before_the_answer(bool cacheDecisions)
    {
        await using AlertApp app = await AlertApp.StartAsync(
            $$"""{ "AsyncProcessing": false, "CacheDecisions": {{(cacheDecisions ? "true" : "false")}}, "Budgets": { "daily": { "Limit": 1, "Period": "Day", "Per": ["User"] } } }""");
        for (int i = 0; i < 200; i++)
        {
            Assert.Equal(200, await app.AskAsync(1.00m, $"user{i}"));
            Assert.Equal((2 * i) + 1, app.Heard.All.Count);
            Assert.Equal(402, await app.AskAsync(1.00m, $"user{i}"));
            Assert.Equal((2 * i) + 2, app.Heard.All.Count);
        }
    }

    [Fact]
    public async Task T169_Without_async_processing_a_request_waits_ten_seconds_for_a_sink_that_hangs_then_goes_on()
    {
        await using AlertApp app = await AlertApp.StartAsync(
            """{"AsyncProcessing":false,"Budgets":{"daily":{"Limit":1,"Period":"Day","Per":["User"]}}}""", static guard => guard.AddAlertSink<HangingSink>());
        Task<int> asking = app.AskAsync(1.00m);
        await app.Sink<HangingSink>().EnteredAsync();
        Assert.False(asking.IsCompleted);
        await app.AdvanceUntilAsync(asking, SendTimeout);
        Assert.Equal(200, await asking);
    }

    [Theory]
    [InlineData("EnableAlerting")]
    [InlineData("EnableBudgetMonitoring")]
    public async Task Switched_off_there_are_no_alerts(string key)
    {
        await using AlertApp app = await AlertApp.StartAsync(configure: setup => setup.Keys["BudgetGuard:" + key] = "false");
        using CountedMetric raised = new(app.App, "budgetguard.alerts");
        for (int i = 0; i < 4; i++)
        {
            await app.AskAsync(0.50m);
        }

        Assert.Empty(await app.StopAsync());
        Assert.Equal(0, raised.Sum);
        Assert.DoesNotContain(app.App.Logs.GetSnapshot(), record => record.Category == "BudgetGuard.Alerts");
    }

    [Fact]
    public async Task Alerting_can_be_switched_off_while_the_app_runs()
    {
        await using AlertApp app = await AlertApp.StartAsync();
        await app.AskAsync(1.00m, "alice");
        app.Reconfigure("BudgetGuard:EnableAlerting", "false");
        await app.AskAsync(1.00m, "bob");
        Assert.Equal("alice", Assert.Single(await app.StopAsync()).Partition.Single());
    }

    [Fact]
    public async Task T182_Shutdown_sends_what_is_queued()
    {
        await using AlertApp app = await AlertApp.StartAsync(sinks: static guard => guard.AddAlertSink<HangingSink>());
        for (int i = 0; i < 100; i++)
        {
            await app.AskAsync(1.00m, $"user{i}");
        }

        await app.Sink<HangingSink>().EnteredAsync();
        Task stopping = app.App.Services.GetRequiredService<IHost>().StopAsync();
        Assert.False(stopping.IsCompleted);
        app.Sink<HangingSink>().Open();
        await stopping.WaitAsync(Patience);
        Assert.Equal(100, app.Heard.All.Count);
        Assert.Equal(100, app.App.Services.GetRequiredService<IBudgetAlerts>().Sinks.Single(static sink => sink.Name == "HangingSink").Sent);
    }

    [Fact]
    public async Task T182_Shutdown_waits_its_bound_for_a_sink_that_hangs_and_counts_what_it_was_not_sent()
    {
        await using AlertApp app = await AlertApp.StartAsync(sinks: static guard => guard.AddAlertSink<HangingSink>());
        using CountedMetric dropped = new(app.App, "budgetguard.alerts.dropped");
        for (int i = 0; i < 100; i++)
        {
            await app.AskAsync(1.00m, $"user{i}");
        }

        await app.Sink<HangingSink>().EnteredAsync();

        // The bound passes on the test's clock, which does not wait for a busy machine.
        await app.AdvanceUntilAsync(() => app.Heard.All.Count == 100, TimeSpan.Zero);
        await app.StopHostAsync();
        Assert.Equal(100, dropped.Sum);
        Assert.Contains("100 alerts were dropped", Assert.Single(app.App.Logs.GetSnapshot(), static record => record.Id.Name == "AlertsDropped").Message);
        Assert.DoesNotContain(app.App.Logs.GetSnapshot(), static record => record.Id.Name == "AlertNotSent");
    }

    [Fact]
    public async Task T182_A_host_that_has_no_time_left_stops_at_once_without_an_error()
    {
        await using AlertApp app = await AlertApp.StartAsync(sinks: static guard => guard.AddAlertSink<HangingSink>());
        await app.AskAsync(1.00m);
        await app.Sink<HangingSink>().EnteredAsync();
        IHostedService dispatcher = app.App.Services.GetServices<IHostedService>().Single(static service => service is BudgetGuard.Alerts.Delivery.AlertDispatcher);
        await dispatcher.StopAsync(new CancellationToken(canceled: true)).WaitAsync(Patience);
        Assert.DoesNotContain(app.App.Logs.GetSnapshot(), static record => record.Level >= Microsoft.Extensions.Logging.LogLevel.Error && record.Category != "BudgetGuard.Alerts");
        Assert.Contains(app.App.Logs.GetSnapshot(), static record => record.Id.Name == "AlertsDropped");
    }
}
