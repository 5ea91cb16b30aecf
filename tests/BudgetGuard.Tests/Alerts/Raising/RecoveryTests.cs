using BudgetGuard.Accounting;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Tests.Alerts.Raising;

/// <summary>Through whole apps: what is told when something is over, of models without a price, and by many nodes.</summary>
public sealed class RecoveryTests
{
    [Fact]
    public async Task A_window_that_ends_while_nobody_asks_resolves_what_it_told_and_a_sink_that_does_not_want_that_hears_nothing_of_it()
    {
        await using AlertApp app = await AlertApp.StartAsync(
            sinks: static guard => guard.AddAlertSink<OtherSink>(),
            configure: static setup => setup.Keys["BudgetGuard:Alerts:Sinks:OtherSink:SendRecovered"] = "false");
        Assert.Equal(200, await app.AskAsync(1.00m));
        Assert.Equal(402, await app.AskAsync(0.10m));
        await app.DeliveredAsync(2);
        app.App.Time.Advance(TimeSpan.FromHours(12));
        await app.AdvanceUntilAsync(() => app.Heard.All.Count == 4, TimeSpan.FromSeconds(5));
        Assert.InRange(app.App.Time.GetUtcNow() - GuardedApp.Start, TimeSpan.FromHours(12), TimeSpan.FromHours(12) + TimeSpan.FromMinutes(1));
        IReadOnlyList<BudgetAlert> all = await app.StopAsync();
        Assert.Equal([AlertTypes.ThresholdReached, AlertTypes.BudgetExceeded, AlertTypes.Recovered, AlertTypes.Recovered], all.Select(static alert => alert.Type));
        Assert.Equal(all.Take(2).Select(static alert => (alert.IncidentKey, (string?)alert.Type)), all.Skip(2).Select(static alert => (alert.IncidentKey, alert.Recovers)));
        Assert.All(all.Skip(2), static alert => Assert.Equal((AlertSeverity.Information, null), (alert.Severity, alert.Operation)));
        Assert.Equal([AlertTypes.ThresholdReached, AlertTypes.BudgetExceeded], app.Sink<OtherSink>().Types);
    }

    [Fact]
    public async Task A_model_without_a_price_is_told_of_once_a_day_however_often_it_is_asked_for()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            """{"Budgets":{"org":{"Limit":1000,"Period":"Month","AlertAt":[]}}}""",
            static app => app.MapPost("/{**path}", new FakeModel().AnswerAsync),
            static setup => setup.Guard = static guard => guard.AddAlertSink<HeardAlerts>());
        HeardAlerts heard = app.Services.GetServices<IAlertSink>().OfType<HeardAlerts>().Single();
        for (int day = 0; day < 2; day++)
        {
            app.Time.Advance(TimeSpan.FromDays(day));
            for (int i = 0; i < 200; i++)
            {
                using HttpResponseMessage answer = await app.PostAsync(
                    ChatApp.Chat, $$"""{"model":"made-up-{{i % 2}}","max_tokens":10,"messages":[{"role":"user","content":"hi"}]}""");
            }

            await heard.WaitForAsync(2 * (day + 1));
        }

        Assert.All(heard.All, static alert => Assert.Equal(AlertTypes.ModelUnpriced, alert.Type));
        Assert.Equal(["made-up-0", "made-up-0", "made-up-1", "made-up-1"], heard.All.Select(static alert => alert.Model).Order());
        Assert.Equal(4, heard.All.Select(static alert => alert.Id).Distinct().Count());
    }

    [Fact]
    public async Task T172_Of_three_nodes_that_cross_together_one_tells()
    {
        InMemoryCostTracker claims = new(new FakeTimeProvider(GuardedApp.Start), static () => ExpiredHolds.Charge);
        AlertApp[] nodes = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => AlertApp.StartAsync(sinks: guard =>
            guard.Services.Replace(ServiceDescriptor.Singleton<ICostTracker>(services => new Node(
                new InMemoryCostTracker(services.GetRequiredService<TimeProvider>(), static () => ExpiredHolds.Charge, services.GetRequiredService<IAccountEvents>()), claims))))));
        try
        {
            await Task.WhenAll(nodes.SelectMany(static node => Enumerable.Range(0, 70).Select(_ => node.AskAsync(0.0125m))));
            List<BudgetAlert> told = [];
            foreach (AlertApp node in nodes)
            {
                told.AddRange(await node.StopAsync());
            }

            Assert.Equal([0.5m, 0.8m], told.Select(static alert => alert.Threshold!.Value).Order());
        }
        finally
        {
            foreach (AlertApp node in nodes)
            {
                await node.DisposeAsync();
            }
        }
    }

    private sealed class OtherSink : IAlertSink
    {
        private readonly List<string> _types = [];

        public IReadOnlyList<string> Types => _types;

        public ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken)
        {
            _types.Add(alert.Type);
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Accounts of its own, and claims that all nodes share.</summary>
    private sealed class Node(ICostTracker accounts, ICostTracker claims) : ICostTracker
    {
        public ValueTask<HoldResult> HoldAsync(HoldRequest request, CancellationToken cancellationToken) => accounts.HoldAsync(request, cancellationToken);

        public ValueTask<HoldResult> ExtendAsync(Hold hold, Charge more, CancellationToken cancellationToken) => accounts.ExtendAsync(hold, more, cancellationToken);

        public ValueTask SettleAsync(Hold hold, Charge actual, CancellationToken cancellationToken) => accounts.SettleAsync(hold, actual, cancellationToken);

        public ValueTask AdjustAsync(Hold hold, Charge settled, Charge actual, CancellationToken cancellationToken) =>
            accounts.AdjustAsync(hold, settled, actual, cancellationToken);

        public ValueTask ReleaseAsync(Hold hold, CancellationToken cancellationToken) => accounts.ReleaseAsync(hold, cancellationToken);

        public ValueTask<AccountState> ReadAsync(Account account, CancellationToken cancellationToken) => accounts.ReadAsync(account, cancellationToken);

        public long ReadFreedVersion(AccountSet set) => accounts.ReadFreedVersion(set);

        public ValueTask<bool> ClaimAlertAsync(AlertClaim claim, CancellationToken cancellationToken) => claims.ClaimAlertAsync(claim, cancellationToken);

        public ValueTask ReleaseAlertAsync(AlertClaim claim, CancellationToken cancellationToken) => claims.ReleaseAlertAsync(claim, cancellationToken);
    }
}
