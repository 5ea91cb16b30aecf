using System.Diagnostics.Metrics;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Diagnostics;

/// <summary>Each instrument of the meter: its unit, its tags, and that it counts once.</summary>
public sealed class MetricsTests
{
    [Fact]
    public async Task Meter_has_these_instruments_with_these_units()
    {
        await using GuardedApp app = await StartAsync();
        using Meters meters = new(app);
        Assert.Equal(
            [
                ("budgetguard.alerts", "{alert}", typeof(Counter<long>)),
                ("budgetguard.alerts.dropped", "{alert}", typeof(Counter<long>)),
                ("budgetguard.alerts.duration", "s", typeof(Histogram<double>)),
                ("budgetguard.alerts.failed", "{send}", typeof(Counter<long>)),
                ("budgetguard.alerts.folded", "{alert}", typeof(Counter<long>)),
                ("budgetguard.alerts.retried", "{attempt}", typeof(Counter<long>)),
                ("budgetguard.alerts.sent", "{send}", typeof(Counter<long>)),
                ("budgetguard.alerts.told_elsewhere", "{alert}", typeof(Counter<long>)),
                ("budgetguard.budget.utilization", "1", typeof(ObservableGauge<double>)),
                ("budgetguard.cost", "{USD}", typeof(Counter<double>)),
                ("budgetguard.decision.duration", "s", typeof(Histogram<double>)),
                ("budgetguard.decisions", "{request}", typeof(Counter<long>)),
                ("budgetguard.holds", "{hold}", typeof(ObservableUpDownCounter<long>)),
                ("budgetguard.overshoot", "{USD}", typeof(Counter<double>)),
                ("budgetguard.partitions.overflows", "{window}", typeof(Counter<long>)),
                ("budgetguard.reloads", "{reload}", typeof(Counter<long>)),
                ("budgetguard.tracker.duration", "s", typeof(Histogram<double>)),
                ("budgetguard.uncounted", "{request}", typeof(Counter<long>)),
            ],
            meters.Instruments.Select(instrument => (instrument.Name, instrument.Unit, instrument.GetType())).OrderBy(instrument => instrument.Name, StringComparer.Ordinal));
        Assert.All(meters.Instruments, instrument => Assert.NotEmpty(instrument.Description!));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Decisions_count_once_for_each_request_with_decision_budget_and_operation(bool timed)
    {
        await using GuardedApp app = await StartAsync(
            """{"Budgets":{"day":{"Limit":0.60,"Period":"Day","Per":["User"]},"minute":{"Limit":0.40,"Period":"Minute","Per":["User"]}}}""");
        using Meters meters = timed ? new(app) : new(app, "budgetguard.decisions");
        Assert.Equal(200, await GetAsync(app));
        Assert.Equal(429, await GetAsync(app));
        Assert.Equal(429, await GetAsync(app));
        app.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(200, await GetAsync(app));
        app.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(402, await GetAsync(app));
        using HttpResponseMessage unguarded = await app.GetAsync("/health");

        Assert.Equal(
            [
                ("budgetguard.budget=minute budgetguard.decision=allow budgetguard.operation=report", 1),
                ("budgetguard.budget=minute budgetguard.decision=throttle budgetguard.operation=report", 1),
                ("budgetguard.budget=minute budgetguard.decision=throttle budgetguard.operation=report", 1),
                ("budgetguard.budget=day budgetguard.decision=allow budgetguard.operation=report", 1),
                ("budgetguard.budget=day budgetguard.decision=reject budgetguard.operation=report", 1),
            ],
            meters.Of("budgetguard.decisions").Select(measured => (measured.Tags, (int)measured.Value)));
    }

    [Fact]
    public async Task Decision_duration_is_measured_once_for_each_request_in_seconds_with_its_decision()
    {
        FlakyTracker store = new();
        await using GuardedApp app = await StartAsync(setup: setup => setup.Services = store.AddTo);
        using Meters meters = new(app);
        store.Hanging = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<int> answer = GetAsync(app);
        while (store.Calls == 0)
        {
            await Task.Yield();
        }

        app.Time.Advance(TimeSpan.FromMilliseconds(120));
        store.Hanging.SetResult();
        store.Hanging = null;
        Assert.Equal(200, await answer);
        await app.SpendAsync(0.70m);
        Assert.Equal(402, await GetAsync(app));

        Measured[] durations = meters.Of("budgetguard.decision.duration");
        Assert.Equal(["budgetguard.decision=allow", "budgetguard.decision=allow", "budgetguard.decision=reject"], durations.Select(duration => duration.Tags));
        Assert.Equal(0.120, durations[0].Value, precision: 6);
    }

    [Fact]
    public async Task Cost_counts_once_for_each_request_and_only_with_its_operation()
    {
        await using ChatApp chat = await ChatApp.StartAsync(
            """{"Budgets":{"a":{"Limit":1.00,"Period":"Day","Per":["User"]},"b":{"Limit":50,"Period":"Month"},"rpm":{"Requests":2,"Period":"Minute","Per":["User"]}}}""",
            map: static app => app.MapPost("/api/report", static (HttpContext context) =>
            {
                context.GetBudgetGuard()!.ReportCost(0.20m);
                context.GetBudgetGuard()!.ReportCost(0.05m);
            }).WithOperation("report"));
        using Meters meters = new(chat.App);
        Assert.Equal(200, await chat.AskAsync());
        using HttpResponseMessage reported = await chat.App.PostAsync("/api/report", "{}");
        Assert.Equal(429, await chat.AskAsync());
        Measured[] costs = meters.Of("budgetguard.cost");
        Assert.Equal(["budgetguard.operation=chat_completion", "budgetguard.operation=report"], costs.Select(cost => cost.Tags));
        Assert.Equal((double)chat.Model.Bill, costs[0].Value, precision: 12);
        Assert.Equal(0.25, costs[1].Value, precision: 12);
    }

    [Fact]
    public async Task Cost_corrected_after_it_was_settled_counts_once_as_it_ended()
    {
        // The usage block settles before the app reports; the report decides, and the metric must not have both.
        await using ChatApp chat = await ChatApp.StartAsync(map: static app => app.Use(static async (context, next) =>
        {
            await next(context);
            context.GetBudgetGuard()!.ReportCost(0.30m);
        }));
        using Meters meters = new(chat.App);
        Assert.Equal(200, await chat.AskAsync());
        Assert.Equal(0.30, Assert.Single(meters.Of("budgetguard.cost")).Value, precision: 12);
        Assert.Equal(0.30m, (await chat.App.BalanceAsync()).Settled);
    }

    [Fact]
    public async Task Cost_counts_also_where_no_budget_applies_and_is_zero_after_a_failure()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            "{}", static app => app.MapGet("/api/run", static (HttpContext context) => context.Request.Query.ContainsKey("fail") ? Results.StatusCode(500) : Results.Ok()).WithCost(0.30m));
        using Meters meters = new(app);
        using HttpResponseMessage one = await app.GetAsync("/api/run");
        using HttpResponseMessage two = await app.GetAsync("/api/run?fail");
        Assert.Equal([0.30, 0], meters.Of("budgetguard.cost").Select(cost => cost.Value));
        Assert.Equal(["", ""], meters.Of("budgetguard.decisions").Select(decision => decision.Tags.Contains("budget=daily", StringComparison.Ordinal) ? "daily" : ""));
    }

    [Fact]
    public async Task Overshoot_is_what_a_settlement_above_the_limit_cost_more_than_its_hold()
    {
        await using GuardedApp app = await StartAsync();
        using Meters meters = new(app);
        await using (BudgetLease lease = await app.Guard.BeginAsync(new BudgetRequest { Subject = "alice", Estimate = 0.90m }))
        {
            lease.ReportCost(1.25m);
        }

        // More than its hold, but within the limit: no overshoot.
        await using (BudgetLease lease = await app.Guard.BeginAsync(new BudgetRequest { Subject = "bob", Estimate = 0.10m }))
        {
            lease.ReportCost(0.20m);
        }

        Measured overshoot = Assert.Single(meters.Of("budgetguard.overshoot"));
        Assert.Equal("budgetguard.budget=daily", overshoot.Tags);
        Assert.Equal(0.35, overshoot.Value, precision: 12);
    }

    [Fact]
    public async Task Holds_are_those_that_are_open_now()
    {
        await using GuardedApp app = await StartAsync();
        using Meters meters = new(app);
        Assert.Equal(0, meters.Observe("budgetguard.holds"));
        BudgetLease one = await app.Guard.BeginAsync(new BudgetRequest { Subject = "alice", Estimate = 0.10m });
        await using BudgetLease two = await app.Guard.BeginAsync(new BudgetRequest { Subject = "bob", Estimate = 0.10m });
        Assert.Equal(2, meters.Observe("budgetguard.holds"));
        await one.DisposeAsync();
        Assert.Equal(1, meters.Observe("budgetguard.holds"));
        app.Time.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal(0, meters.Observe("budgetguard.holds"));
    }

    [Fact]
    public async Task Uncounted_counts_each_request_that_passed_while_the_store_failed()
    {
        FlakyTracker store = new();
        await using GuardedApp app = await StartAsync(setup: setup => setup.Services = store.AddTo);
        using Meters meters = new(app);
        Assert.Equal(200, await GetAsync(app));
        Assert.Empty(meters.Of("budgetguard.uncounted"));
        store.Fault = new InvalidOperationException("down");
        Assert.Equal(200, await GetAsync(app));
        Assert.Equal(200, await GetAsync(app));
        Assert.Equal([("", 1d), ("", 1d)], meters.Of("budgetguard.uncounted").Select(measured => (measured.Tags, measured.Value)));
        Assert.Equal(3, meters.Of("budgetguard.decisions").Length);
    }

    [Fact]
    public async Task Partitions_overflow_counts_once_for_each_window()
    {
        await using GuardedApp app = await StartAsync("""{"MaxTrackedPartitions":2,"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""");
        using Meters meters = new(app);
        foreach (string user in (string[])["a", "b", "c", "d", "e"])
        {
            await app.SpendAsync(0.01m, user);
        }

        Assert.Equal(new Measured("budgetguard.partitions.overflows", 1, "budgetguard.budget=daily"), Assert.Single(meters.Of("budgetguard.partitions.overflows")));
    }

    [Fact]
    public async Task Reloads_count_by_what_and_outcome()
    {
        await using ChatApp chat = await ChatApp.StartAsync();
        using Meters meters = new(chat.App);
        chat.Reconfigure("BudgetGuard:DefaultCost", "0.02");
        chat.Reconfigure("BudgetGuard:DefaultCost", "free");
        chat.Reconfigure("BudgetGuard:DefaultCost", "0.02");
        string prices = FakeModel.WritePriceFile();
        chat.Reconfigure("BudgetGuard:PriceFile", prices);
        await File.WriteAllTextAsync(prices, "no prices");
        chat.Reconfigure("BudgetGuard:DefaultCost", "0.03");

        IEnumerable<string> told = meters.Of("budgetguard.reloads").Select(measured => measured.Tags.Replace("budgetguard.reload.", string.Empty, StringComparison.Ordinal));
        Assert.Equal(
            ["of=prices outcome=applied", "of=prices outcome=refused", "of=settings outcome=applied", "of=settings outcome=refused"],
            told.Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(1, told.Count(tags => tags == "of=settings outcome=refused"));
        Assert.Equal(4, told.Count(tags => tags == "of=settings outcome=applied"));
    }

    private static async Task<int> GetAsync(GuardedApp app)
    {
        using HttpResponseMessage answer = await app.GetAsync("/api/run");
        return (int)answer.StatusCode;
    }

    private static Task<GuardedApp> StartAsync(string section = GuardedApp.OneDollarADay, Action<GuardedAppSetup>? setup = null) =>
        GuardedApp.StartAsync(
            section,
            static app =>
            {
                app.MapGet("/api/run", static () => "done").WithCost(0.30m).WithOperation("report");
                app.MapGet("/health", static () => "ok");
            },
            setup);
}
