using BudgetGuard.Tests.Rig;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BudgetGuard.Tests.Alerts;

/// <summary>How alerts reach sinks: behind requests, past sinks that fail or hang, bounded, and before the app is gone.</summary>
public sealed class AlertDeliveryTests
{
    // What the queue holds; the README and docs/failures.md promise it.
    private const int Capacity = 1_024;

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

        Assert.Equal(20, (await app.StopAsync()).Count);
        Assert.Equal(20, failed.Sum);
        Assert.Equal(10, app.App.Logs.GetSnapshot().Count(record => record.Id.Name == "AlertNotSent" && record.Exception?.Message == "sink down"));
        Assert.Equal(20, app.App.Logs.GetSnapshot().Count(record => record.Category == "BudgetGuard.Alerts"));
    }

    [Fact]
    public async Task T168_Failing_sinks_are_not_logged_where_errors_are_not_to_be_but_counted()
    {
        await using AlertApp app = await AlertApp.StartAsync(
            sinks: static guard => guard.AddAlertSink<ThrowingSink>(), configure: static setup => setup.Keys["BudgetGuard:LogErrors"] = "false");
        using CountedMetric failed = new(app.App, "budgetguard.alerts.failed");
        await app.AskAsync(1.00m);
        await app.StopAsync();
        Assert.Equal(1, failed.Sum);
        Assert.DoesNotContain(app.App.Logs.GetSnapshot(), record => record.Id.Name == "AlertNotSent");
    }

    [Fact]
    public async Task T169_A_sink_that_hangs_holds_up_no_request_and_another_sink_ten_seconds_at_most()
    {
        await using AlertApp app = await AlertApp.StartAsync(sinks: static guard => guard.AddAlertSink<HangingSink>());
        using CountedMetric failed = new(app.App, "budgetguard.alerts.failed");
        HangingSink hanging = app.Sink<HangingSink>();
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(200, await app.AskAsync(1.00m, $"user{i}"));
        }

        Assert.Empty(app.Heard.All);
        for (int i = 0; i < 5; i++)
        {
            await hanging.EnteredAsync();
            app.App.Time.Advance(SendTimeout);
            await app.Heard.WaitForAsync(i + 1);
        }

        Assert.Equal(["user0", "user1", "user2", "user3", "user4"], app.Heard.All.Select(alert => alert.Partition.Single()));
        Assert.Equal(5, failed.Sum);
    }

    [Fact]
    public async Task T182_An_alert_a_sink_cannot_write_stops_neither_that_sink_nor_the_loop()
    {
        await using AlertApp app = await AlertApp.StartAsync(sinks: static guard => guard.AddAlertSink<PoisonedSink>());
        await app.AskAsync(1.00m, "bad");
        await app.AskAsync(1.00m, "good");
        Assert.Equal(["bad", "good"], (await app.StopAsync()).Select(alert => alert.Partition.Single()));
        Assert.Equal("good", Assert.Single(app.Sink<PoisonedSink>().Sent).Partition.Single());
        Assert.Equal(2, app.Sink<PoisonedSink>().Calls);
    }

    [Fact]
    public async Task T170_When_the_queue_is_full_the_oldest_are_dropped_and_counted_and_requests_go_on()
    {
        await using AlertApp app = await AlertApp.StartAsync(sinks: static guard => guard.AddAlertSink<HangingSink>());
        using CountedMetric raised = new(app.App, "budgetguard.alerts");
        using CountedMetric dropped = new(app.App, "budgetguard.alerts.dropped");
        Assert.Equal(200, await app.AskAsync(1.00m, "first"));
        await app.Sink<HangingSink>().EnteredAsync();
        for (int i = 0; i < Capacity + 100; i++)
        {
            Assert.Equal(200, await app.AskAsync(1.00m, $"user{i}"));
        }

        Assert.Equal((Capacity + 101, 100), (raised.Sum, dropped.Sum));
        app.Sink<HangingSink>().Open();
        IReadOnlyList<BudgetAlert> heard = await app.StopAsync();
        Assert.Equal(["first", .. Enumerable.Range(100, Capacity).Select(i => $"user{i}")], heard.Select(alert => alert.Partition.Single()!));
        Assert.Equal(100, dropped.Sum);
    }

    [Theory]
    [InlineData(100_000, true)]
    [InlineData(10_000, false)]
    public async Task T171_Of_all_users_that_reach_their_limits_each_is_told_of_or_counted(int users, bool hangs)
    {
        await using AlertApp app = await AlertApp.StartAsync(
            """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"],"AlertAt":[1.0]}}}""", static guard => guard.AddAlertSink<HangingSink>());
        using CountedMetric raised = new(app.App, "budgetguard.alerts");
        using CountedMetric dropped = new(app.App, "budgetguard.alerts.dropped");
        if (!hangs)
        {
            app.Sink<HangingSink>().Open();
        }

        for (int i = 0; i < users; i++)
        {
            await app.App.SpendAsync(1.00m, $"user{i}");
        }

        Assert.Equal(users, raised.Sum);
        if (hangs)
        {
            // One is on its way, the queue holds its capacity, and nothing else is kept.
            Assert.InRange(dropped.Sum, users - Capacity - 1, users - Capacity);
            app.Sink<HangingSink>().Open();
        }

        Assert.Equal(users, (await app.StopAsync()).Count + dropped.Sum);
        Assert.True(app.Heard.All.Count >= Capacity);
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
        await AdvanceUntilAsync(asking, app, SendTimeout);
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

        Task<IReadOnlyList<BudgetAlert>> stopping = app.StopAsync();
        await app.Sink<HangingSink>().EnteredAsync();
        Assert.False(stopping.IsCompleted);
        Assert.Empty(app.Heard.All);
        app.Sink<HangingSink>().Open();
        Assert.Equal(100, (await stopping.WaitAsync(Patience)).Count);
    }

    [Fact]
    public async Task T182_Shutdown_waits_five_seconds_for_a_sink_that_hangs_and_the_others_still_get_theirs()
    {
        await using AlertApp app = await AlertApp.StartAsync(sinks: static guard => guard.AddAlertSink<HangingSink>());
        using CountedMetric failed = new(app.App, "budgetguard.alerts.failed");
        for (int i = 0; i < 100; i++)
        {
            await app.AskAsync(1.00m, $"user{i}");
        }

        await app.Sink<HangingSink>().EnteredAsync();
        Task stopping = app.App.Services.GetRequiredService<IHost>().StopAsync();
        await AdvanceUntilAsync(stopping, app, TimeSpan.FromSeconds(6));
        await stopping;
        Assert.Equal(100, app.Heard.All.Count);
        Assert.Equal(100, failed.Sum);
    }

    /// <summary>Moves the clock on, in steps, until a task that waits by it is done; it must not need much more than a bound.</summary>
    private static async Task AdvanceUntilAsync(Task task, AlertApp app, TimeSpan bound)
    {
        using CancellationTokenSource patience = new(Patience);
        TimeSpan step = TimeSpan.FromMilliseconds(100);
        TimeSpan passed = TimeSpan.Zero;
        while (!task.IsCompleted)
        {
            patience.Token.ThrowIfCancellationRequested();
            if (passed < bound)
            {
                app.App.Time.Advance(step);
                passed += step;
            }

            await Task.Yield();
        }
    }
}
