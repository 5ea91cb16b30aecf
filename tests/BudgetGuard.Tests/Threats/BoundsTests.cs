using BudgetGuard.Accounting;
using BudgetGuard.Tests.Alerts;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BudgetGuard.Tests.Threats;

/// <summary>What callers can make the guard remember is bounded, and the bound costs nobody what they have spent.</summary>
[Collection(nameof(RunsAlone))]
public sealed class BoundsTests
{
    private const long Megabyte = 1024 * 1024;

    private static int Ids { get; } = Environment.GetEnvironmentVariable("BUDGETGUARD_FULL") == "1" ? 1_000_000 : 200_000;

    [Fact]
    public async Task T162_Any_number_of_user_ids_takes_bounded_memory_and_shares_one_account_past_the_bound()
    {
        const int Tracked = 20_000;
        await using GuardedApp app = await StartAsync($$"""{ "MaxTrackedPartitions": {{Tracked}}, "Budgets": { "daily": { "Limit": 1.00, "Period": "Day", "Per": ["User"], "AlertAt": [] } } }""");
        using CountedMetric overflows = new(app, "budgetguard.partitions.overflows");
        RequestDelegate pipeline = Pipeline(app);
        await app.ExhaustAsync("alice");
        Assert.Equal(402, await SendAsync(pipeline, "alice"));
        int admitted = await SendAllAsync(pipeline, Tracked, static i => $"early{i}");
        long before = GC.GetTotalMemory(forceFullCollection: true);
        admitted += await SendAllAsync(pipeline, Ids, static i => $"user{i}");
        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;

        // All but alice's place of those that are tracked, and a hundred cents of the account that all others share.
        Assert.Equal(Tracked - 1 + 100, admitted);

        // Mostly the plans of the 65,536 users that were seen last.
        Assert.True(grown < 96 * Megabyte, $"{grown / Megabyte} MB");
        Assert.Equal(1, overflows.Sum);
        Assert.Equal((1.00m, 0m), await FiguresAsync(app, "alice"));
        Assert.Equal((0.01m, 0m), await FiguresAsync(app, "early7"));
        Assert.Equal((1.00m, 0m), await FiguresAsync(app, $"user{Ids - 1}"));
        Assert.Equal(402, await SendAsync(pipeline, "alice"));
        Assert.Equal(200, await SendAsync(pipeline, "early7"));

        // The next day has room for whoever comes.
        app.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(200, await SendAsync(pipeline, "alice"));
        Assert.Equal(200, await SendAsync(pipeline, $"user{Ids - 1}"));
        Assert.Equal((0.01m, 0m), await FiguresAsync(app, $"user{Ids - 1}"));
        await app.Services.GetRequiredService<IHost>().StopAsync();
        Assert.Single(app.Services.GetServices<IAlertSink>().OfType<HeardAlerts>().Single().All, alert => alert.Type == AlertTypes.PartitionsOverflowed);
    }

    [Theory]
    [InlineData("\"Period\":\"Day\"", 12)]
    [InlineData("\"Period\":\"Month\"", 24)]
    [InlineData("\"Rolling\":\"1.00:00:00\",\"OnExceeded\":\"Reject\"", 23.5)]
    [InlineData("\"Period\":\"Total\"", 1_000)]
    public async Task T162_Live_spend_is_never_evicted(string window, double hours)
    {
        await using GuardedApp app = await StartAsync($$"""{ "MaxTrackedPartitions": 10, "Budgets": { "daily": { "Limit": 1.00, "Per": ["User"], {{window}} } } }""");
        RequestDelegate pipeline = Pipeline(app);
        for (int i = 0; i < 10; i++)
        {
            await app.ExhaustAsync($"rich{i}");
        }

        TimeSpan step = TimeSpan.FromHours(hours) / 10 - TimeSpan.FromSeconds(1);
        for (int turn = 0; turn < 10; turn++)
        {
            await SendAllAsync(pipeline, 1_000, i => $"user{turn}-{i}");
            for (int i = 0; i < 10; i++)
            {
                Assert.Equal(402, await SendAsync(pipeline, $"rich{i}"));
                Assert.Equal((1.00m, 0m), await FiguresAsync(app, $"rich{i}"));
            }

            app.Time.Advance(step);
        }
    }

    [Fact]
    public async Task T162_An_open_hold_keeps_its_account_past_the_window()
    {
        await using GuardedApp app = await StartAsync(
            """{"MaxTrackedPartitions":1,"HoldTimeout":"20:00:00","Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]},"ever":{"Limit":1000,"Period":"Total","Per":["User"]}}}""");
        RequestDelegate pipeline = Pipeline(app);
        BudgetLease lease = await app.Guard.BeginAsync(new BudgetRequest { Subject = "alice", Estimate = 0.50m });
        app.Time.Advance(TimeSpan.FromHours(13));
        await SendAllAsync(pipeline, 1_000, static i => $"user{i}");
        Assert.Equal((0m, 0.50m), await FiguresAsync(app, "alice", "ever"));
        lease.ReportCost(0.70m);
        await lease.DisposeAsync();
        Assert.Equal((0.70m, 0m), await FiguresAsync(app, "alice", "ever"));
        Assert.Equal((0m, 0m), await FiguresAsync(app, "alice"));
    }

    [Fact]
    public async Task T164_Ids_that_callers_bring_are_remembered_within_a_bound()
    {
        await using GuardedApp app = await StartAsync("""{"Budgets":{"daily":{"Limit":1000000,"Period":"Day"}}}""");
        for (int i = 0; i < Ids; i++)
        {
            await using BudgetLease lease = await app.Guard.BeginAsync(
                new BudgetRequest { Subject = "alice", Estimate = 0.01m, Id = HoldId.FromText($"key-{i}") });
            Assert.True(lease.IsAllowed);
        }

        Assert.InRange(Tracker(app).Capacity, 1, 70_000);
        Assert.Equal((Ids * 0.01m, 0m), await FiguresAsync(app, "alice"));
    }

    [Fact]
    public async Task T164_Holds_that_nobody_ends_make_room_once_their_time_is_over()
    {
        await using GuardedApp app = await StartAsync("""{"ExpiredHolds":"Release","Budgets":{"daily":{"Limit":1000000,"Period":"Day"}}}""");
        for (int round = 0; round < 10; round++)
        {
            for (int i = 0; i < 20_000; i++)
            {
                Assert.True((await app.Guard.BeginAsync(new BudgetRequest { Subject = "alice", Estimate = 0.01m })).IsAllowed);
            }

            Assert.Equal((0m, 200m), await FiguresAsync(app, "alice"));
            app.Time.Advance(TimeSpan.FromMinutes(10));
            Assert.Equal((0m, 0m), await FiguresAsync(app, "alice"));
        }

        Assert.InRange(Tracker(app).Capacity, 20_000, 90_000);
    }

    [Fact]
    public async Task T164_Idempotency_keys_of_clients_save_no_charge_and_are_not_kept()
    {
        await using GuardedApp app = await StartAsync("""{"Budgets":{"daily":{"Limit":1000000,"Period":"Day"}}}""");
        RequestDelegate pipeline = Pipeline(app);
        for (int i = 0; i < 20_000; i++)
        {
            Assert.Equal(200, await SendAsync(pipeline, "alice", ("Idempotency-Key", $"key-{i % 10_000}")));
        }

        Assert.Equal((200m, 0m), await FiguresAsync(app, "alice"));
        Assert.InRange(Tracker(app).Capacity, 1, 2_000);
    }

    private static Task<GuardedApp> StartAsync(string section) =>
        GuardedApp.StartAsync(section, static _ => { }, static setup => setup.Guard = static guard => guard.AddAlertSink<HeardAlerts>());

    /// <summary>The guard before nothing, without a server.</summary>
    private static RequestDelegate Pipeline(GuardedApp app)
    {
        ApplicationBuilder builder = new(app.Services);
        builder.UseBudgetGuard();
        builder.Run(static _ => Task.CompletedTask);
        return builder.Build();
    }

    private static async Task<int> SendAllAsync(RequestDelegate pipeline, int count, Func<int, string> user)
    {
        int admitted = 0;
        for (int i = 0; i < count; i++)
        {
            admitted += await SendAsync(pipeline, user(i)) == 200 ? 1 : 0;
        }

        return admitted;
    }

    private static async Task<int> SendAsync(RequestDelegate pipeline, string user, (string Name, string Value)? header = null)
    {
        DefaultHttpContext context = new();
        context.Request.Method = HttpMethods.Get;
        context.Request.Path = "/api/work";
        context.Request.Headers["X-User-ID"] = user;
        if (header is { } more)
        {
            context.Request.Headers[more.Name] = more.Value;
        }

        await pipeline(context);
        return context.Response.StatusCode;
    }

    private static async Task<(decimal Settled, decimal Held)> FiguresAsync(GuardedApp app, string user, string budget = "daily")
    {
        BudgetBalance balance = await app.BalanceAsync(user, budget);
        return (balance.Settled, balance.Held);
    }

    private static InMemoryCostTracker Tracker(GuardedApp app) => (InMemoryCostTracker)app.Services.GetRequiredService<ICostTracker>();
}
