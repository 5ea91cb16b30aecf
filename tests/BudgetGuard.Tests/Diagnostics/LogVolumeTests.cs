using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Testing;

namespace BudgetGuard.Tests.Diagnostics;

/// <summary>A flood of requests is no flood of log lines.</summary>
public sealed class LogVolumeTests
{
    private const int Flood = 10_000;

    [Fact]
    public async Task T166_Denials_do_not_write_a_line_each()
    {
        await using GuardedApp app = await StartAsync();
        await app.ExhaustAsync();
        for (int i = 0; i < Flood; i++)
        {
            using HttpResponseMessage answer = await app.GetAsync("/api/run");
            Assert.Equal(402, (int)answer.StatusCode);
        }

        Assert.InRange(Own(app).Length, 1, 20);
    }

    [Fact]
    public async Task T166_Failures_of_the_store_write_a_few_lines_a_minute_and_then_their_number()
    {
        FlakyTracker store = new();
        await using GuardedApp app = await StartAsync(store);
        store.Fault = new InvalidOperationException("down");
        for (int i = 0; i < Flood; i++)
        {
            await AskAsync(app);
        }

        Assert.Equal(10, Count(app, "GuardFailed"));
        Assert.Equal(0, Count(app, "FailuresSkipped"));

        app.Time.Advance(TimeSpan.FromMinutes(1));
        await AskAsync(app);
        Assert.Equal(11, Count(app, "GuardFailed"));
        Assert.Equal("9990 more failures of the Store of the budget guard were not logged.", Assert.Single(Own(app), record => record.Id.Name == "FailuresSkipped").Message);
    }

    [Fact]
    public async Task Failures_of_one_kind_do_not_hide_those_of_another()
    {
        FlakyTracker store = new();
        await using GuardedApp app = await StartAsync(store);
        store.SettleFault = new InvalidOperationException("full");
        for (int i = 0; i < 30; i++)
        {
            await AskAsync(app);
        }

        store.Fault = new InvalidOperationException("down");
        await AskAsync(app);
        Assert.Equal(10, Own(app).Count(record => record.Exception?.Message == "full"));
        Assert.Single(Own(app), record => record.Exception?.Message == "down");
    }

    [Fact]
    public async Task Quiet_minutes_tell_of_nothing_skipped()
    {
        FlakyTracker store = new();
        await using GuardedApp app = await StartAsync(store);
        store.Fault = new InvalidOperationException("down");
        for (int i = 0; i < 3; i++)
        {
            await AskAsync(app);
            app.Time.Advance(TimeSpan.FromMinutes(2));
        }

        Assert.Equal((3, 0), (Count(app, "GuardFailed"), Count(app, "FailuresSkipped")));
    }

    private static async Task AskAsync(GuardedApp app)
    {
        using HttpResponseMessage answer = await app.GetAsync("/api/run");
        Assert.Equal(200, (int)answer.StatusCode);
    }

    private static int Count(GuardedApp app, string name) => Own(app).Count(record => record.Id.Name == name);

    private static FakeLogRecord[] Own(GuardedApp app) =>
        [.. app.Logs.GetSnapshot().Where(static record => record.Category!.StartsWith("BudgetGuard", StringComparison.Ordinal))];

    private static Task<GuardedApp> StartAsync(FlakyTracker? store = null) => GuardedApp.StartAsync(
        """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""",
        static app => app.MapGet("/api/run", static () => "done"),
        setup => setup.Services = store is null ? static _ => { } : store.AddTo);
}
