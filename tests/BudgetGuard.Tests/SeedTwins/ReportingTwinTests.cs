using System.Collections.Concurrent;
using BudgetGuard.Tests.Docs;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.SeedTwins;

/// <summary>What an app of the documentation reports is what is charged, and what it is told of alerts.</summary>
public sealed class ReportingTwinTests
{
    private const string Daily = """{"BudgetGuard":{"AsyncProcessing":false,"Budgets":{"daily":{"Limit":0.02,"Period":"Day","Per":["User"]}}}}""";

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/what-is-charged.md")]
    public async Task Reported_usage_is_charged_at_catalogue_prices(string page)
    {
        await using TwinApp app = new(Daily);
        app.Builder.Services.AddBudgetGuard();
        WebApplication built = app.Builder.Build();
        built.UseBudgetGuard();
        await Snippet.RunAsync(Snippet.Find(page, "/api/summary").Load(), app: built);
        await app.StartAsync(built);
        using HttpResponseMessage answer = await app.PostAsync("/api/summary");
        answer.EnsureSuccessStatusCode();

        // gpt-4o-mini: 15 and 60 cents a million tokens.
        Assert.Equal((812 * 0.15m + 64 * 0.60m) / 1_000_000, await app.SettledAsync("daily", "alice"));
    }

    [Fact]
    public async Task Job_without_http_is_charged_what_it_reports()
    {
        await using TwinApp app = new("""{"BudgetGuard":{"Budgets":{"daily":{"Limit":0.06,"Period":"Day","Per":["User"]}}}}""");
        app.Builder.Services.AddBudgetGuard();
        WebApplication built = app.Builder.Build();
        built.UseBudgetGuard();
        await app.StartAsync(built);
        await Snippet.RunAsync(Snippet.Find("README.md", "nightly_summary").Load(), app: built);
        Assert.Equal((1_200 * 0.15m + 300 * 0.60m) / 1_000_000, await app.SettledAsync("daily", "alice"));
    }

    [Fact]
    public async Task Alert_sink_is_told_once_of_each_share_and_of_the_first_refusal()
    {
        await using TwinApp app = new(Daily);
        await app.ConfigureAsync("README.md", "AddAlertSink<ChatRoom>");
        Heard heard = new();
        app.Builder.Services.AddSingleton<IAlertSink>(heard);
        await app.StartAsync(pipeline =>
        {
            pipeline.UseBudgetGuard();
            pipeline.MapGet("/api/test", () => "done");
        });
        for (int i = 0; i < 4; i++)
        {
            using HttpResponseMessage answer = await app.GetAsync("/api/test");
        }

        Assert.Equal(
            [("threshold_reached", 0.5m), ("threshold_reached", 1.0m), ("budget_exceeded", null)], heard.Alerts.Select(alert => (alert.Type, alert.Threshold)));
        Assert.Contains(app.Services.GetServices<IAlertSink>(), sink => sink.GetType().Name == "ChatRoom");
    }

    private sealed class Heard : IAlertSink
    {
        public ConcurrentQueue<BudgetAlert> Alerts { get; } = [];

        public ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken)
        {
            Alerts.Enqueue(alert);
            return ValueTask.CompletedTask;
        }
    }
}
