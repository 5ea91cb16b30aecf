using System.Threading.Channels;
using BudgetGuard.Alerts.Raising;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Redis.Tests;

/// <summary>Apps that share their budgets tell people once what one of them finds.</summary>
public sealed class WatchingAppTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_summary_and_the_end_of_an_alert_are_sent_once_whichever_app_looks(bool leases)
    {
        // Less than a watcher's round passes: only the test looks.
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 2, 8, 59, 55, TimeSpan.Zero));
        var sent = new SentAlerts();
        string tree = RedisFixture.NewTree();
        await using WebApplication one = await StartAsync(time, sent, tree, leases);
        await using WebApplication two = await StartAsync(time, sent, tree, leases);
        await LookAsync(one);
        await LookAsync(two);
        ICostTracker tracker = one.Services.GetRequiredService<ICostTracker>();
        var account = new Account(
            one.Services.GetRequiredService<Configuration.SettingsSource>().Current.Budgets[0].Terms, [], 1_000_000_000);
        var amount = new Charge(Money.FromNanos(600_000_000), 0, 1);
        HoldResult held = await tracker.HoldAsync(new HoldRequest(new AccountSet([account]), amount, TimeSpan.FromHours(1)), default);
        await tracker.SettleAsync(held.Hold, amount, default);
        Assert.Equal(AlertTypes.ThresholdReached, (await sent.NextAsync()).Type);

        time.Advance(TimeSpan.FromSeconds(10));
        await LookAsync(two);
        await LookAsync(one);
        BudgetAlert summary = await sent.NextAsync();
        Assert.Equal((AlertTypes.DailySummary, 0.6m), (summary.Type, Assert.Single(summary.Items).Used));

        // The other takes over, finds it due, and that it was told; what was told before is over there too.
        await tracker.AdjustAsync(held.Hold, amount, default, default);
        await one.StopAsync();
        await one.DisposeAsync();
        await LookAsync(two);
        BudgetAlert over = await sent.NextAsync();
        Assert.Equal((AlertTypes.Recovered, AlertTypes.ThresholdReached), (over.Type, over.Recovers));
        two.Services.GetRequiredService<AlertRaiser>().Store(answers: false, time.GetUtcNow());
        Assert.Equal(AlertTypes.StoreUnavailable, (await sent.NextAsync()).Type);
    }

    private static async Task LookAsync(WebApplication app) =>
        await app.Services.GetServices<IHostedService>().OfType<AccountWatcher>().Single().LookAsync(default);

    private async Task<WebApplication> StartAsync(TimeProvider time, IAlertSink sink, string tree, bool leases)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["BudgetGuard:Budgets:all:Limit"] = "1",
            ["BudgetGuard:Budgets:all:Period"] = "Total",
            ["BudgetGuard:Budgets:all:AlertAt:0"] = "0.5",
            ["BudgetGuard:Alerts:DailySummaryAt"] = "09:00",
            ["BudgetGuard:StoreTimeout"] = "5s",
        });
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(sink);
        builder.Services.AddBudgetGuard().UseRedis(options => (options.ConnectionString, options.Tree, options.Leases) = (redis.Server.Address, tree, leases));
        WebApplication app = builder.Build();
        app.UseBudgetGuard();
        await app.StartAsync();
        return app;
    }

    private sealed class SentAlerts : IAlertSink
    {
        private readonly Channel<BudgetAlert> _sent = Channel.CreateUnbounded<BudgetAlert>();

        public ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken) => _sent.Writer.WriteAsync(alert, cancellationToken);

        public async Task<BudgetAlert> NextAsync() => await _sent.Reader.ReadAsync().AsTask().WaitAsync(_patience);
    }
}
