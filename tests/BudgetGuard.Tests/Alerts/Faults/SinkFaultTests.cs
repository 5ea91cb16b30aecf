using System.Diagnostics;
using BudgetGuard.Tests.Rig;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace BudgetGuard.Tests.Alerts.Faults;

/// <summary>Whole apps with a sink that misbehaves: what it costs the requests, the sink beside it and the stop, and what is told of it.</summary>
public sealed class SinkFaultTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);

    [Theory]
    [InlineData(Fault.Hangs, "The operation didn't complete within the allowed timeout")]
    [InlineData(Fault.Refuses, "The connection failed: ConnectionRefused.")]
    [InlineData(Fault.Answers500, "The receiver answered 500.")]
    [InlineData(Fault.Answers429, "The receiver answered 429.")]
    [InlineData(Fault.Resets, "The connection failed: ")]
    [InlineData(Fault.DripsHead, "The operation didn't complete within the allowed timeout")]
    [InlineData(Fault.DripsBody, "The operation didn't complete within the allowed timeout")]
    [InlineData(Fault.EndlessFailure, "The receiver answered 500.")]
    [InlineData(Fault.Throws, "sink down")]
    [InlineData(Fault.Blocks, "The operation didn't complete within the allowed timeout")]
    [InlineData(Fault.IgnoresToken, "The operation didn't complete within the allowed timeout")]
    public async Task T168_T169_T181_A_sink_that_misbehaves_costs_requests_and_other_sinks_nothing_and_the_stop_its_bound(Fault fault, string why)
    {
        await using FaultApp app = await FaultApp.StartAsync(fault);
        await app.SpendAsync(0, 5);
        await app.WhenGoodHasAsync(5);
        Assert.Equal(GuardedApp.Start, app.App.Time.GetUtcNow());
        Assert.Equal(HealthStatus.Healthy, (await app.HealthAsync()).Status);

        // One repeat of the first alert, and one of the second, whose failure opens the breaker: that and the others fail at once.
        await app.PassUntilAsync(() => app.BadStatus.Failed == 5, Step);
        AlertSinkStatus status = app.BadStatus;
        Assert.Equal((true, 0, 2, 0, 0), (status.IsBroken, status.Sent, status.Retried, status.Folded, status.Dropped));
        Assert.Equal((null, "It kept failing and is left alone for a while."), (status.LastSentAt, status.LastFailure));
        Assert.Equal((HealthStatus.Degraded, "Alerts do not reach bad."), await app.HealthAsync());
        Assert.Contains(app.App.Logs.GetSnapshot(), record => record.Exception?.Message.StartsWith(why, StringComparison.Ordinal) == true);
        Assert.Contains(app.App.Logs.GetSnapshot(), static record => record.Id.Name == "AlertSinkBroken");

        app.Set(Fault.None);
        app.App.Time.Advance(TimeSpan.FromSeconds(31));
        await app.SpendAsync(5, 1);
        await app.PassUntilAsync(() => app.BadStatus.Sent == 1, TimeSpan.Zero);
        Assert.Equal((false, null, app.App.Time.GetUtcNow()), (app.BadStatus.IsBroken, app.BadStatus.LastFailure, app.BadStatus.LastSentAt));
        Assert.Equal(HealthStatus.Healthy, (await app.HealthAsync()).Status);

        app.Set(fault);
        await app.SpendAsync(6, 3);
        await app.WhenGoodHasAsync(9);
        await app.StopAsync();
        Assert.Equal(9, app.Books.Raised);
        Assert.Equal(3, app.BadStatus.Failed - 5 + app.BadStatus.Dropped);
        app.Books.AssertBalanced();
    }

    [Fact]
    public async Task T181_An_endless_body_after_a_success_is_not_waited_for()
    {
        await using FaultApp app = await FaultApp.StartAsync(Fault.EndlessSuccess);
        await app.SpendAsync(0, 5);
        await app.WhenGoodHasAsync(5);
        await app.PassUntilAsync(() => app.BadStatus.Sent == 5, TimeSpan.Zero);
        Assert.Equal(GuardedApp.Start, app.App.Time.GetUtcNow());
        await app.StopAsync();
        Assert.Equal((5, 0, 0), (app.BadStatus.Sent, app.BadStatus.Failed, app.BadStatus.Retried));
        app.Books.AssertBalanced();
    }

    [Fact]
    public async Task T168_T169_T182_With_all_faults_at_once_the_sink_that_works_is_told_and_the_app_stops_in_its_time()
    {
        Fault[] faults = [.. Enum.GetValues<Fault>().Where(static fault => fault < Fault.Throws)];
        FaultyReceiver[] receivers = [.. faults.Select(static fault => FaultyReceiver.Start(fault))];
        MoodySink blocking = new() { Fault = Fault.Blocks };
        await using AlertApp app = await AlertApp.StartAsync(
            sinks: guard => guard.Services.AddSingleton<IAlertSink>(blocking),
            configure: setup =>
            {
                setup.Services = static services => services.AddSingleton(TimeProvider.System);
                setup.Keys["BudgetGuard:Alerts:DrainTimeout"] = "00:00:01";
                for (int i = 0; i < faults.Length; i++)
                {
                    FaultApp.AddWebhook(setup, faults[i].ToString(), receivers[i].Url);
                }
            });
        using SinkBooks books = new(app.App);
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(200, await app.AskAsync(1.00m, $"user{i}").WaitAsync(FaultApp.Patience));
        }

        await receivers[(int)Fault.None].WaitForAsync(10);
        await app.Heard.WaitForAsync(10);
        Stopwatch stopping = Stopwatch.StartNew();
        await app.App.Services.GetRequiredService<IHost>().StopAsync().WaitAsync(FaultApp.Patience);
        Assert.InRange(stopping.Elapsed, TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(4));
        Assert.Equal(10, books.Raised);
        books.AssertBalanced();
        blocking.Open();
        foreach (FaultyReceiver receiver in receivers)
        {
            await receiver.DisposeAsync();
        }
    }
}
