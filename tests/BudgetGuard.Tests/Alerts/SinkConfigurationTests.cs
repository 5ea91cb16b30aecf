using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace BudgetGuard.Tests.Alerts;

/// <summary>What can be configured of a sink, what is refused at the start, how a sink can be tried, and what is told of one that fails.</summary>
public sealed class SinkConfigurationTests
{
    private const string Canary = "canary-5ecret";

    [Theory]
    [InlineData("Alerts:Sinks:HeardAlerts:MinSeverity", "Critical", new[] { "budget_exceeded", "threshold_reached" })]
    [InlineData("Alerts:Sinks:HeardAlerts:Types", "budget_exceeded", new[] { "budget_exceeded" })]
    [InlineData("Alerts:Sinks:HeardAlerts:Budgets", "dai*", new[] { "threshold_reached", "threshold_reached", "budget_exceeded" })]
    [InlineData("Alerts:Sinks:HeardAlerts:Budgets", "other", new string[0])]
    public async Task A_filter_lets_through_what_it_names(string key, string value, string[] types)
    {
        await using AlertApp app = await AlertApp.StartAsync(configure: setup => setup.Keys["BudgetGuard:" + key] = value);
        await app.AskAsync(0.50m);
        await app.AskAsync(0.50m);
        await app.AskAsync(0.50m);
        Assert.Equal(types.Order(), (await app.StopAsync()).Select(static alert => alert.Type).Order());
    }

    [Theory]
    [InlineData("Alerts:Sinks:ops:Types", "budget_exceded", "did you mean 'budget_exceeded'?")]
    [InlineData("Alerts:Sinks:ops:MaxPerMinute", "0", "out of range")]
    [InlineData("Alerts:Sinks:ops:Timeout", "0s", "out of range")]
    [InlineData("Alerts:Sinks:ops:DigestEvery", "1s", "out of range")]
    [InlineData("Alerts:Sinks:o ps:Retries", "1", "no name of a sink")]
    [InlineData("Alerts:Sinks:ops:Type", "Pigeon", "'Pigeon' is no type of sink")]
    [InlineData("Alerts:Sinks:ops:Retries", "1", "Type: is missing; expected one of")]
    [InlineData("Alerts:Sinks:ops:Type", "Email", "needs the package BudgetGuard.Email")]
    [InlineData("Alerts:Sinks:HeardAlerts:Url", "https://example.com/" + Canary, "Url: is no key of a sink that the program added")]
    [InlineData("Alerts:Sinks:ops:UrlFile", "/no/such/file", "'/no/such/file' does not exist")]
    [InlineData("Alerts:Sinks:ops", "https://example.com/" + Canary, "is a single value")]
    [InlineData("Alerts:DrainTimeout", "1h", "out of range")]
    [InlineData("Alerts:DailySummaryAt", "8 o'clock", "no time of day")]
    [InlineData("Alerts:TimeZone", "Mars/Olympus", "no time zone")]
    public async Task T178_A_wrong_setting_stops_the_start_and_says_why_without_a_secret(string key, string value, string why)
    {
        OptionsValidationException refused = await Assert.ThrowsAnyAsync<OptionsValidationException>(
            () => AlertApp.StartAsync(configure: setup => setup.Keys["BudgetGuard:" + key] = value));
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_sinks_of_one_name_stop_the_start()
    {
        OptionsValidationException refused = await Assert.ThrowsAnyAsync<OptionsValidationException>(
            static () => AlertApp.StartAsync(sinks: static guard => guard.AddAlertSink<SinkNamedHeardAlerts>()));
        Assert.Contains("two sinks of this name", refused.Message, StringComparison.Ordinal);
    }

    private sealed class SinkNamedHeardAlerts : IAlertSink
    {
        public string Name => "heardalerts";

        public ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_sink_can_be_tried_and_says_what_happened()
    {
        await using AlertApp app = await AlertApp.StartAsync(sinks: static guard => guard.AddAlertSink<ThrowingSink>());
        IBudgetAlerts alerts = app.App.Services.GetRequiredService<IBudgetAlerts>();
        AlertTestResult heard = await alerts.SendTestAsync("heardalerts");
        Assert.True(heard.IsDelivered);
        Assert.Equal(AlertTypes.Test, Assert.Single(app.Heard.All).Type);
        AlertTestResult failed = await alerts.SendTestAsync("ThrowingSink");
        Assert.Equal((false, "It failed with InvalidOperationException."), (failed.IsDelivered, failed.Failure));
        ArgumentException unknown = await Assert.ThrowsAsync<ArgumentException>(async () => await alerts.SendTestAsync("nobody"));
        Assert.Contains("HeardAlerts, log, ThrowingSink", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_is_degraded_while_a_sink_keeps_failing_and_healthy_after_a_test_that_works()
    {
        await using AlertApp app = await AlertApp.StartAsync(sinks: static guard => guard.AddAlertSink<ToggledSink>(), configure: static setup =>
        {
            setup.Keys["BudgetGuard:Alerts:Sinks:ToggledSink:Retries"] = "0";
            setup.Services = static services => services.AddHealthChecks().AddBudgetGuard();
        });
        HealthCheckService health = app.App.Services.GetRequiredService<HealthCheckService>();
        IBudgetAlerts alerts = app.App.Services.GetRequiredService<IBudgetAlerts>();
        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync()).Status);
        for (int i = 0; i < 3; i++)
        {
            await app.AskAsync(1.00m, $"user{i}");
        }

        await app.AdvanceUntilAsync(() => alerts.Sinks.Any(static sink => sink.IsBroken), TimeSpan.FromMilliseconds(1));
        HealthReport report = await health.CheckHealthAsync();
        Assert.Equal(HealthStatus.Degraded, report.Status);
        Assert.Equal("Alerts do not reach ToggledSink.", report.Entries.Single().Value.Description);
        await app.AdvanceUntilAsync(() => app.App.Logs.GetSnapshot().Any(static record => record.Id.Name == "AlertSinkBroken"), TimeSpan.FromMilliseconds(1));
        app.Sink<ToggledSink>().Works = true;
        Assert.True((await alerts.SendTestAsync("ToggledSink")).IsDelivered);
        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync()).Status);
    }

    [Fact]
    public async Task A_changed_filter_of_a_running_app_counts_from_then_on()
    {
        await using AlertApp app = await AlertApp.StartAsync();
        await app.AskAsync(1.00m, "alice");
        await app.Heard.WaitForAsync(1);
        app.Reconfigure("BudgetGuard:Alerts:Sinks:HeardAlerts:Types", "budget_exceeded");
        await app.AskAsync(1.00m, "bob");
        await app.AskAsync(1.00m, "bob");
        Assert.Equal([AlertTypes.ThresholdReached, AlertTypes.BudgetExceeded], (await app.StopAsync()).Select(static alert => alert.Type));
    }

    [Fact]
    public async Task A_sink_that_cannot_be_made_at_a_reload_leaves_those_there_were()
    {
        await using AlertApp app = await AlertApp.StartAsync(sinks: static guard => guard.Services.AddSingleton<IAlertSinkFactory, OddFactory>());
        app.Reconfigure("BudgetGuard:Alerts:Sinks:odd:Type", "Odd");
        Assert.Contains(app.App.Logs.GetSnapshot(), static record => record.Id.Name == "AlertSinksNotRebuilt" && record.Exception is null && !record.Message.Contains("odd", StringComparison.Ordinal));
        await app.AskAsync(1.00m);
        Assert.Single(await app.StopAsync());
    }

    private sealed class OddFactory : IAlertSinkFactory
    {
        public string Type => "Odd";

        public IReadOnlyList<string> Keys => [];

        public IEnumerable<(string Key, string Problem)> Check(AlertSinkOptions options) => [];

        public IAlertSink Create(string name, AlertSinkOptions options) => throw new InvalidOperationException("odd");
    }

    internal sealed class ToggledSink : IAlertSink
    {
        public bool Works { get; set; }

        public ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken) =>
            Works ? ValueTask.CompletedTask : throw new AlertDeliveryException("The receiver is away.");
    }
}
