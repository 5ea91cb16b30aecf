using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Diagnostics;

/// <summary>What is told of the store: how long its steps take, and how full budgets are.</summary>
public sealed class StoreMetricsTests
{
    private const string Utilization = "budgetguard.budget.utilization";

    [Fact]
    public async Task Utilization_of_a_split_budget_is_that_of_its_fullest_account()
    {
        await using GuardedApp app = await StartAsync(
            """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]},"all":{"Limit":10,"Period":"Day"},"calls":{"Requests":8,"Period":"Day"}}}""");
        using Meters meters = new(app, Utilization);
        await app.SpendAsync(0.25m, "alice");
        await app.SpendAsync(0.75m, "bob");
        Assert.Equal([("all", 0.1), ("calls", 0.25), ("daily", 0.75)], Read(meters));
    }

    [Fact]
    public async Task Utilization_counts_what_is_held_and_starts_anew_with_the_window()
    {
        await using GuardedApp app = await StartAsync("""{"Budgets":{"daily":{"Limit":1.00,"Period":"Day"},"hour":{"Limit":2.00,"Rolling":"01:00:00"}}}""");
        using Meters meters = new(app, Utilization);
        await using (BudgetLease lease = await app.Guard.BeginAsync(new BudgetRequest { Subject = "alice", Estimate = 0.50m }))
        {
            Assert.Equal([("daily", 0.5), ("hour", 0.25)], Read(meters));
            lease.ReportCost(0.25m);
        }

        Assert.Equal([("daily", 0.25), ("hour", 0.125)], Read(meters));
        app.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal([("daily", 0.0), ("hour", 0.0)], Read(meters));
    }

    [Fact]
    public async Task Utilization_looks_at_every_account_also_at_the_one_that_untracked_partitions_share()
    {
        await using GuardedApp app = await StartAsync(
            """{"MaxTrackedPartitions":1500,"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""");
        using Meters meters = new(app, Utilization);
        for (int i = 0; i < 1500; i++)
        {
            await app.SpendAsync(i == 1499 ? 0.5m : 0.1m, $"user{i}");
        }

        Assert.Equal([("daily", 0.5)], Read(meters));
        await app.SpendAsync(0.4m, "late");
        await app.SpendAsync(0.4m, "later");
        Assert.Equal([("daily", 0.8)], Read(meters));
    }

    [Fact]
    public async Task Tracker_duration_tells_each_step_and_the_store()
    {
        await using GuardedApp app = await StartAsync(GuardedApp.OneDollarADay);
        using Meters meters = new(app, "budgetguard.tracker.duration");
        using HttpResponseMessage first = await app.GetAsync("/api/run");
        using HttpResponseMessage second = await app.GetAsync("/api/run");
        await using (BudgetLease lease = await app.Guard.BeginAsync(new BudgetRequest { Subject = "alice", Estimate = 0.10m }))
        {
            await lease.ReleaseAsync();
        }

        string[] expected = ["hold", "settle", "hold", "settle", "hold", "release"];
        Assert.Equal(expected.Select(static step => $"budgetguard.step={step} budgetguard.store=memory"), meters.Of("budgetguard.tracker.duration").Select(static one => one.Tags));
    }

    private static Task<GuardedApp> StartAsync(string section) =>
        GuardedApp.StartAsync(section, static app => app.MapGet("/api/run", static () => Results.Ok()));

    private static (string Budget, double Utilization)[] Read(Meters meters)
    {
        int before = meters.Of(Utilization).Length;
        meters.Observe(Utilization);
        return [.. meters.Of(Utilization)[before..].Select(static one => (one.Tags["budgetguard.budget=".Length..], one.Value)).OrderBy(static one => one.Item1, StringComparer.Ordinal)];
    }
}
