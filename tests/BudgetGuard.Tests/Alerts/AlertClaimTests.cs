using BudgetGuard.Alerts.Delivery;
using BudgetGuard.Tests.Rig;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Moq;

namespace BudgetGuard.Tests.Alerts;

/// <summary>Who may tell an alert that has a claim, and what becomes of the claim and of the alert when a sink does not get it.</summary>
public sealed class AlertClaimTests
{
    private readonly Mock<ICostTracker> _tracker = new();
    private readonly List<AlertClaim> _released = [];

    public AlertClaimTests()
    {
        _tracker.Setup(static tracker => tracker.ClaimAlertAsync(It.IsAny<AlertClaim>(), It.IsAny<CancellationToken>())).Returns(static () => ValueTask.FromResult(true));
        _tracker.Setup(static tracker => tracker.ReleaseAlertAsync(It.IsAny<AlertClaim>(), It.IsAny<CancellationToken>()))
            .Callback<AlertClaim, CancellationToken>((claim, _) => _released.Add(claim)).Returns(static () => ValueTask.CompletedTask);
    }

    [Fact]
    public async Task T172_An_alert_that_somebody_else_claimed_is_told_to_no_sink()
    {
        _tracker.Setup(static tracker => tracker.ClaimAlertAsync(It.Is<AlertClaim>(static claim => claim.Subject == "taken"), It.IsAny<CancellationToken>()))
            .Returns(static () => ValueTask.FromResult(false));
        await using AlertApp app = await StartAsync();
        using CountedMetric elsewhere = new(app.App, "budgetguard.alerts.told_elsewhere");
        Raise(app, Alert("taken"));
        Raise(app, Alert("free"));
        Assert.Equal("free", Assert.Single(await app.StopAsync()).Message);
        Assert.Equal(1, elsewhere.Sum);
        Assert.Empty(_released);
    }

    [Fact]
    public async Task An_alert_whose_claim_the_store_does_not_answer_is_told_all_the_same()
    {
        _tracker.Setup(static tracker => tracker.ClaimAlertAsync(It.IsAny<AlertClaim>(), It.IsAny<CancellationToken>())).Throws(new TimeoutException("store away"));
        await using AlertApp app = await StartAsync();
        Raise(app, Alert("one"));
        Assert.Equal("one", Assert.Single(await app.StopAsync()).Message);
    }

    [Fact]
    public async Task A_claim_is_given_back_after_a_rest_when_a_sink_did_not_get_the_alert_and_only_that_sink_is_told_again()
    {
        await using AlertApp app = await StartAsync(static guard => guard.AddAlertSink<SinkConfigurationTests.ToggledSink>(), "ToggledSink");
        IBudgetAlerts sinks = app.App.Services.GetRequiredService<IBudgetAlerts>();
        BudgetAlert alert = Alert("one");
        Raise(app, alert);
        await app.Heard.WaitForAsync(1);
        await app.AdvanceUntilAsync(() => sinks.Sinks.Any(static sink => sink.Failed == 1) && sinks.Sinks.Single(static sink => sink.Name == "HeardAlerts").Sent == 1, TimeSpan.Zero);
        Assert.Empty(_released);
        await app.AdvanceUntilAsync(() => _released.Count > 0, TimeSpan.FromSeconds(1));
        Assert.InRange((app.App.Time.GetUtcNow() - GuardedApp.Start).TotalSeconds, 30, 45);
        Assert.Equal(alert.Claim, Assert.Single(_released));
        app.Sink<SinkConfigurationTests.ToggledSink>().Works = true;
        Raise(app, alert);
        await app.AdvanceUntilAsync(() => sinks.Sinks.Single(static sink => sink.Name == "ToggledSink").Sent == 1, TimeSpan.Zero);
        Assert.Single(await app.StopAsync());
        Assert.Single(_released);
    }

    [Theory]
    [InlineData(AlertTypes.Recovered)]
    [InlineData(AlertTypes.DailySummary)]
    [InlineData(AlertTypes.StoreUnavailable)]
    public async Task What_no_account_tells_again_is_tried_again_itself_until_the_sink_works(string type)
    {
        await using AlertApp app = await StartAsync(static guard => guard.AddAlertSink<SinkConfigurationTests.ToggledSink>(), "ToggledSink");
        IBudgetAlerts sinks = app.App.Services.GetRequiredService<IBudgetAlerts>();
        Raise(app, Alert("one") with { Type = type, Claim = type == AlertTypes.StoreUnavailable ? null : new AlertClaim { Type = type } });
        await app.AdvanceUntilAsync(() => sinks.Sinks.Any(static sink => sink.Failed == 1), TimeSpan.Zero);
        app.Sink<SinkConfigurationTests.ToggledSink>().Works = true;
        await app.AdvanceUntilAsync(() => sinks.Sinks.Single(static sink => sink.Name == "ToggledSink").Sent == 1, TimeSpan.FromSeconds(1));
        Assert.Single(await app.StopAsync());
    }

    [Fact]
    public async Task The_end_of_an_incident_is_sent_to_whom_it_opened_there_however_many_end_at_once()
    {
        await using AlertApp app = await StartAsync(static guard => guard.AddAlertSink<IncidentSink>());
        app.Reconfigure("BudgetGuard:Alerts:Sinks:IncidentSink:MaxPerMinute", "2");
        IBudgetAlerts sinks = app.App.Services.GetRequiredService<IBudgetAlerts>();
        for (int i = 0; i < 10; i++)
        {
            Raise(app, Alert(i.ToString(System.Globalization.CultureInfo.InvariantCulture)) with { Type = AlertTypes.Recovered });
        }

        await app.AdvanceUntilAsync(() => sinks.Sinks.Single(static sink => sink.Name == "IncidentSink").Sent == 10, TimeSpan.Zero);
        Assert.Equal(0, sinks.Sinks.Single(static sink => sink.Name == "IncidentSink").Folded);
    }

    [Fact]
    public async Task T182_What_a_shutdown_leaves_unsent_gives_its_claim_back_at_once()
    {
        await using AlertApp app = await StartAsync(static guard => guard.AddAlertSink<HangingSink>());
        Raise(app, Alert("one"));
        Raise(app, Alert("two"));
        await app.Sink<HangingSink>().EnteredAsync();
        await app.StopHostAsync();
        Assert.Equal(["one", "two"], _released.Select(static claim => claim.Subject));
    }

    [Fact]
    public async Task T169_A_sink_that_blocks_its_thread_is_left_after_its_timeout()
    {
        await using AlertApp app = await StartAsync(static guard => guard.AddAlertSink<BlockingSink>(), "BlockingSink");
        IBudgetAlerts sinks = app.App.Services.GetRequiredService<IBudgetAlerts>();
        Raise(app, Alert("one"));
        await app.Sink<BlockingSink>().Entered.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await app.AdvanceUntilAsync(() => sinks.Sinks.Single(static sink => sink.Name == "BlockingSink").Failed == 1, TimeSpan.FromSeconds(1));
        app.Sink<BlockingSink>().Gate.Set();
        Assert.Single(await app.StopAsync());
    }

    [Fact]
    public void T170_When_more_comes_than_is_handed_on_the_oldest_are_dropped_and_counted_and_nobody_waits()
    {
        // Nothing is started, so that nobody reads the queue.
        using ServiceProvider provider = new ServiceCollection().AddBudgetGuard().Services.BuildServiceProvider();
        AlertQueue queue = provider.GetRequiredService<AlertQueue>();
        for (int i = 0; i < AlertQueue.Capacity + 100; i++)
        {
            queue.Enqueue(Alert(i.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }

        List<string> left = [];
        while (queue.Reader.TryRead(out AlertQueue.Item item))
        {
            left.Add(item.Alert!.Write().Message);
        }

        Assert.Equal((AlertQueue.Capacity, "100"), (left.Count, left[0]));
        Assert.Equal(100, provider.GetRequiredService<DeliveryLog>().DroppedSinceTold);
    }

    private async Task<AlertApp> StartAsync(Action<IBudgetGuardBuilder>? sinks = null, string? noRetries = null) => await AlertApp.StartAsync(
        sinks: guard =>
        {
            guard.Services.Replace(ServiceDescriptor.Singleton(_tracker.Object));
            sinks?.Invoke(guard);
        },
        configure: setup =>
        {
            if (noRetries is not null)
            {
                setup.Keys[$"BudgetGuard:Alerts:Sinks:{noRetries}:Retries"] = "0";
            }
        });

    private static void Raise(AlertApp app, BudgetAlert alert) => app.App.Services.GetRequiredService<AlertQueue>().Enqueue(alert);

    private static BudgetAlert Alert(string name) => new()
    {
        Id = Guid.NewGuid(),
        Type = AlertTypes.BudgetExceeded,
        Severity = AlertSeverity.Critical,
        At = GuardedApp.Start,
        IncidentKey = "incident",
        Message = name,
        Claim = new AlertClaim { Type = AlertTypes.BudgetExceeded, Subject = name },
    };

    internal sealed class IncidentSink : IIncidentSink
    {
        public ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }

    internal sealed class BlockingSink : IAlertSink
    {
        public ManualResetEventSlim Gate { get; } = new();

        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken)
        {
            Entered.TrySetResult();
            Gate.Wait(TimeSpan.FromSeconds(60), CancellationToken.None);
            return ValueTask.CompletedTask;
        }
    }
}
