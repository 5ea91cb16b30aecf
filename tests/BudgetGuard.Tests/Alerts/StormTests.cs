using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Alerts;

/// <summary>What a sink is sent when very much happens, or when it is to be sent digests only.</summary>
public sealed class StormTests
{
    private const string PerUser = """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"],"AlertAt":[1.0]}}}""";

    [Fact]
    public async Task T171_Above_the_rate_of_a_sink_alerts_become_one_digest_that_says_how_many_of_what()
    {
        await using AlertApp app = await StartAsync("MaxPerMinute", "5");
        await SpendAsync(app, 0, 30);
        await app.Heard.WaitForAsync(4);
        await WhenHandledAsync(app, 30);
        Assert.Equal(4, app.Heard.All.Count);
        await app.AdvanceUntilAsync(() => app.Heard.All.Count == 5, TimeSpan.FromSeconds(5));
        BudgetAlert digest = app.Heard.All[4];
        Assert.Equal((AlertTypes.Digest, AlertSeverity.Critical), (digest.Type, digest.Severity));
        AlertItem item = Assert.Single(digest.Items);
        Assert.Equal((AlertTypes.ThresholdReached, "daily", 26L, 1.00m), (item.Type, item.Budget, item.Count, item.Limit));
        Assert.Contains("threshold_reached 26 times", digest.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_digest_counts_as_a_message_of_its_minute_and_afterwards_alerts_come_one_by_one_again()
    {
        await using AlertApp app = await StartAsync("MaxPerMinute", "3");
        await SpendAsync(app, 0, 10);
        await WhenHandledAsync(app, 10);
        await app.AdvanceUntilAsync(() => app.Heard.All.Count == 3, TimeSpan.FromSeconds(5));
        await SpendAsync(app, 10, 5);
        await WhenHandledAsync(app, 15);

        // The digest and one more; the last message of the minute is kept for the next digest.
        Assert.Equal(4, app.Heard.All.Count);
        Assert.Equal(["user0", "user1", "user10"], app.Heard.All.Where(static alert => alert.Type != AlertTypes.Digest).Select(static alert => alert.Partition.Single()));
        await app.AdvanceUntilAsync(() => app.Heard.All.Count == 5, TimeSpan.FromSeconds(5));
        Assert.Equal([8L, 4L], app.Heard.All.Where(static alert => alert.Type == AlertTypes.Digest).Select(static alert => alert.Items.Single().Count));
    }

    [Fact]
    public async Task In_digest_mode_nothing_comes_at_once_and_one_message_tells_all_of_an_interval()
    {
        await using AlertApp app = await StartAsync("DigestEvery", "1h");
        await SpendAsync(app, 0, 3);
        await WhenHandledAsync(app, 3);
        Assert.Empty(app.Heard.All);
        app.App.Time.Advance(TimeSpan.FromMinutes(59));
        await SpendAsync(app, 3, 1);
        await WhenHandledAsync(app, 4);
        Assert.Empty(app.Heard.All);
        await app.AdvanceUntilAsync(() => app.Heard.All.Count == 1, TimeSpan.FromSeconds(10));
        Assert.Equal(4, app.Heard.All.Single().Items.Single().Count);
    }

    [Fact]
    public async Task T182_Shutdown_sends_the_digest_that_was_still_to_come()
    {
        await using AlertApp app = await StartAsync("DigestEvery", "1d");
        await SpendAsync(app, 0, 7);
        Assert.Equal(7, Assert.Single(await app.StopAsync()).Items.Single().Count);
    }

    private static Task<AlertApp> StartAsync(string key, string value) =>
        AlertApp.StartAsync(PerUser, configure: setup => setup.Keys["BudgetGuard:Alerts:Sinks:HeardAlerts:" + key] = value);

    private static async Task SpendAsync(AlertApp app, int first, int count)
    {
        for (int i = first; i < first + count; i++)
        {
            await app.App.SpendAsync(1.00m, $"user{i}");
        }
    }

    private static async Task WhenHandledAsync(AlertApp app, int alerts)
    {
        IBudgetAlerts sinks = app.App.Services.GetRequiredService<IBudgetAlerts>();
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        while (sinks.Sinks.Single(static sink => sink.Name == "HeardAlerts") is var sink && sink.Sent + sink.Folded - Digests(app) < alerts)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static int Digests(AlertApp app) => app.Heard.All.Count(static alert => alert.Type == AlertTypes.Digest);
}
