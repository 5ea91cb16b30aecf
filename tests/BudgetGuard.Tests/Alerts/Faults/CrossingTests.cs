using System.Collections.Concurrent;
using System.Text.Json;
using BudgetGuard.Alerts.Delivery;
using BudgetGuard.Tests.Rig;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Alerts.Faults;

/// <summary>Many requests that reach one share, are all refused, or raise more alerts than can be handed on: what arrives at the receivers of three sinks.</summary>
public sealed class CrossingTests : IAsyncLifetime
{
    private const int Requests = 10_000;
    private const int Clients = 64;

    // How many alerts wait for one sink before they are folded.
    private const int SinkQueue = 1024;

    private readonly FaultyReceiver[] _receivers = [.. Enumerable.Range(0, 3).Select(static _ => FaultyReceiver.Start(Fault.None))];

    public Task InitializeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData("11", 200, new[] { "threshold_reached 0.8" })]
    [InlineData("9.5", 402, new[] { "budget_exceeded", "threshold_reached 0.8", "threshold_reached 1" })]
    public async Task T172_Ten_thousand_requests_of_many_clients_tell_each_sink_of_each_share_once(string limit, int last, string[] told)
    {
        await using AlertApp app = await StartAsync($$"""{ "Budgets": { "org": { "Limit": {{limit}}, "Period": "Day", "AlertAt": [0.8, 1.0] } } }""");
        ConcurrentDictionary<int, int> statuses = new();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Requests),
            new ParallelOptions { MaxDegreeOfParallelism = Clients },
            async (i, _) => statuses.AddOrUpdate(await app.AskAsync(0.001m, $"user{i % 50}"), 1, static (_, count) => count + 1));
        Assert.Equal(last, await app.AskAsync(0.001m));
        Assert.Equal(last == 200 ? Requests : 9_500, statuses[200]);
        await app.StopAsync();
        Assert.All(_receivers, receiver => Assert.Equal(told, Told(receiver)));
        Assert.Equal(told.Length, app.Heard.All.Count);
    }

    [Fact]
    public async Task T171_T173_A_thousand_refusals_tell_each_sink_once_and_once_more_in_the_next_window()
    {
        await using AlertApp app = await StartAsync("""{"Budgets":{"daily":{"Limit":1,"Period":"Day","AlertAt":[]}}}""");
        for (int day = 0; day < 2; day++)
        {
            app.App.Time.Advance(TimeSpan.FromDays(day));
            Assert.Equal(200, await app.AskAsync(1.00m));
            await Parallel.ForEachAsync(
                Enumerable.Range(0, 1_000),
                new ParallelOptions { MaxDegreeOfParallelism = Clients },
                async (i, _) => Assert.Equal(402, await app.AskAsync(0.01m, $"user{i}")));
            await app.AdvanceUntilAsync(() => app.App.Services.GetRequiredService<IBudgetAlerts>().Sinks.All(sink => sink.Sent == 1 + (2 * day)), TimeSpan.Zero);
        }

        await app.StopAsync();
        Assert.All(_receivers, static receiver => Assert.Equal(["budget_exceeded", "budget_exceeded", "recovered"], Told(receiver)));
        Assert.All(_receivers, static receiver => Assert.Equal(2, Bodies(receiver).Select(static body => body.GetProperty("window_start").GetString()).Distinct().Count()));
    }

    [Fact]
    public async Task T170_More_alerts_than_can_be_handed_on_hold_up_no_request_and_each_is_sent_folded_or_seen_to_be_dropped()
    {
        const int UntilStuck = SinkQueue + 2;
        const int Dropped = Requests - UntilStuck - AlertQueue.Capacity;
        _receivers[0].Set(Fault.Hangs);
        await using AlertApp app = await StartAsync("""{"Budgets":{"daily":{"Limit":1,"Period":"Day","Per":["User"],"AlertAt":[1.0]}}}""");
        using SinkBooks books = new(app.App);
        using SlowMetrics metrics = new(app.App, "sink0");

        // One is at the receiver that hangs, so many wait behind it, and the next is folded: there the dispatcher stays.
        await SpendAsync(app, 0, 1);
        await _receivers[0].WaitForAsync(1);
        await SpendAsync(app, 1, UntilStuck - 1);
        await metrics.Entered.WaitAsync(FaultApp.Patience);
        Assert.Equal((UntilStuck, 0), (books.Raised, books.Unseen));
        await SpendAsync(app, UntilStuck, Requests - UntilStuck);
        Assert.Equal(GuardedApp.Start, app.App.Time.GetUtcNow());
        Assert.Equal((Requests, Dropped), (books.Raised, books.Unseen));

        // The log is long by now: it is copied only once it has what is looked for.
        DeliveryLog log = app.App.Services.GetRequiredService<DeliveryLog>();
        await app.AdvanceUntilAsync(() => log.DroppedSinceTold == 0, TimeSpan.FromSeconds(1));
        await app.AdvanceUntilAsync(() => app.App.Logs.GetSnapshot().Any(static record => record.Id.Name == "AlertsDropped"), TimeSpan.Zero);
        Assert.Contains($"{Dropped} alerts were dropped", app.App.Logs.GetSnapshot().Single(static record => record.Id.Name == "AlertsDropped").Message, StringComparison.Ordinal);

        metrics.Open();
        IBudgetAlerts alerts = app.App.Services.GetRequiredService<IBudgetAlerts>();
        await app.AdvanceUntilAsync(
            () => alerts.Sinks.All(static sink => sink.Sent + sink.Folded >= Requests - Dropped - (sink.Name == "sink0" ? SinkQueue + 1 : 0)), TimeSpan.Zero);
        await app.AdvanceUntilAsync(() => alerts.Sinks.All(sink => sink.Name == "sink0" || books.Sum(SinkBooks.Digests, sink.Name) == 1), TimeSpan.FromSeconds(1));
        await app.StopHostAsync();
        books.AssertBalanced();
        Assert.Equal(Dropped, books.Unseen);
        Assert.All(alerts.Sinks, static sink => Assert.Equal(sink.Name == "sink0" ? SinkQueue + 1 : 0, sink.Dropped + sink.Failed));
        Assert.All(_receivers[1..], static receiver => Assert.Equal(
            Requests - Dropped,
            Bodies(receiver).Sum(static body => body.GetProperty("type").GetString() == "digest" ? body.GetProperty("items").EnumerateArray().Sum(static item => item.GetProperty("count").GetInt64()) : 1)));
    }

    public async Task DisposeAsync()
    {
        foreach (FaultyReceiver receiver in _receivers)
        {
            await receiver.DisposeAsync();
        }
    }

    private Task<AlertApp> StartAsync(string section) => AlertApp.StartAsync(section, configure: setup =>
    {
        for (int i = 0; i < _receivers.Length; i++)
        {
            FaultApp.AddWebhook(setup, $"sink{i}", _receivers[i].Url);
            setup.Keys[$"BudgetGuard:Alerts:Sinks:sink{i}:Timeout"] = "00:01:00";
        }
    });

    private static Task SpendAsync(AlertApp app, int first, int count) => Parallel.ForEachAsync(
        Enumerable.Range(first, count),
        new ParallelOptions { MaxDegreeOfParallelism = Clients },
        async (i, cancellation) => Assert.Equal(200, await app.AskAsync(1.00m, $"user{i}").WaitAsync(FaultApp.Patience, cancellation)));

    private static IEnumerable<JsonElement> Bodies(FaultyReceiver receiver) => receiver.Received.Select(static request =>
        JsonDocument.Parse(request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]).RootElement);

    private static IEnumerable<string> Told(FaultyReceiver receiver) => Bodies(receiver)
        .Select(static body => $"{body.GetProperty("type").GetString()} {body.GetProperty("threshold")}".TrimEnd())
        .Order(StringComparer.Ordinal);
}
