using System.Diagnostics;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace BudgetGuard.Tests.Alerts.Faults;

/// <summary>Nothing of a request goes with the alerts it raised: neither its context nor what flows with its calls.</summary>
[Collection(nameof(RunsAlone))]
public sealed class ContextTests
{
    private static readonly AsyncLocal<string?> Ambient = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task While_alerts_wait_for_a_sink_the_requests_that_raised_them_can_be_collected(bool useKestrel)
    {
        WatchedContexts contexts = new();
        await using AlertApp app = await AlertApp.StartAsync(
            sinks: static guard => guard.AddAlertSink<HangingSink>(),
            configure: setup =>
            {
                setup.UseKestrel = useKestrel;
                setup.Guard += guard => guard.Services.Replace(ServiceDescriptor.Singleton<IHttpContextFactory>(contexts));
            });
        await AskAsync(app, 30);
        await app.Sink<HangingSink>().EnteredAsync();
        await app.Heard.WaitForAsync(60);
        Assert.Equal(60 * 3, contexts.Made.Count);

        // The last contexts may still be on a stack or in a slot that the next request overwrites.
        Assert.InRange(Alive(contexts), 0, 9);
        Assert.Equal(0, contexts.TouchedAfter);

        app.Sink<HangingSink>().Open();
        await app.StopAsync();
        Assert.Equal(0, contexts.TouchedAfter);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_flows_with_the_calls_of_a_request_does_not_reach_its_sinks(bool asyncProcessing)
    {
        using ActivitySource source = new("BudgetGuard.Tests.Context");
        using ActivityListener listener = new()
        {
            ShouldListenTo = one => ReferenceEquals(one, source),
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        await using AlertApp app = await AlertApp.StartAsync(
            sinks: static guard => guard.AddAlertSink<AmbientSink>(),
            configure: setup =>
            {
                setup.Keys["BudgetGuard:AsyncProcessing"] = asyncProcessing ? "true" : "false";
                setup.Pipeline = app =>
                {
                    app.Use(async (context, next) =>
                    {
                        using Activity? activity = source.StartActivity("request");
                        Ambient.Value = "of the request";
                        await next(context);
                    });
                    app.UseBudgetGuard();
                    PricedWork.Map(app);
                };
            });
        await AskAsync(app, 10);
        await app.StopAsync();
        Assert.Equal(20, app.Sink<AmbientSink>().Calls);
        Assert.Empty(app.Sink<AmbientSink>().Seen);
    }

    private static async Task AskAsync(AlertApp app, int users)
    {
        for (int i = 0; i < users; i++)
        {
            Assert.Equal(200, await app.AskAsync(1.00m, $"user{i}"));
            Assert.Equal(402, await app.AskAsync(0.10m, $"user{i}"));
        }
    }

    private static int Alive(WatchedContexts contexts)
    {
        int alive = int.MaxValue;
        for (int i = 0; i < 10 && alive > 0; i++)
        {
            // What is still referenced is found only by collecting; more than once, because finalizers may hold on for a round.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            alive = contexts.Made.Count(static one => one.IsAlive);
        }

        return alive;
    }

    internal sealed class AmbientSink : IAlertSink
    {
        public int Calls { get; private set; }

        public List<string> Seen { get; } = [];

        public ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken)
        {
            Calls++;
            if (Ambient.Value is { } value)
            {
                Seen.Add(value);
            }

            if (Activity.Current is { } activity)
            {
                Seen.Add(activity.DisplayName);
            }

            return ValueTask.CompletedTask;
        }
    }
}
