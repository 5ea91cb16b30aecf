using BudgetGuard.Tests.Rig;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Diagnostics;

/// <summary>Alerts in the metrics: each that is raised, by type and budget; and those that the full queue dropped.</summary>
public sealed class AlertMetricsTests
{
    [Fact]
    public async Task Alerts_count_by_type_and_budget_and_never_by_user()
    {
        await using GuardedApp app = await GuardedApp.StartAsync(
            """{"Budgets":{"day":{"Limit":1.00,"Period":"Day","Per":["User"],"AlertAt":[0.5]},"minute":{"Limit":1.00,"Period":"Minute","AlertAt":[]}}}""", static _ => { });
        using Meters meters = new(app, "budgetguard.alerts");
        await app.SpendAsync(0.60m);
        await TryAsync(app, "bob");
        app.Time.Advance(TimeSpan.FromMinutes(1));
        await TryAsync(app, "alice");
        Assert.Equal(
            [
                "budgetguard.alert.type=threshold_reached budgetguard.budget=day",
                "budgetguard.alert.type=throttling_activated budgetguard.budget=minute",
                "budgetguard.alert.type=budget_exceeded budgetguard.budget=day",
            ],
            meters.Of("budgetguard.alerts").Select(alert => alert.Tags).Where(static tags => !tags.Contains("recovered", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Alerts_that_do_not_fit_into_a_sinks_queue_are_folded_and_counted()
    {
        StuckSink sink = new();
        await using GuardedApp app = await GuardedApp.StartAsync(
            """{"Budgets":{"day":{"Limit":1.00,"Period":"Day","Per":["User"],"AlertAt":[1.0]}}}""",
            static _ => { },
            setup => setup.Services = services => services.AddSingleton<IAlertSink>(sink));
        using Meters meters = new(app, "budgetguard.alerts", "budgetguard.alerts.folded");
        await app.SpendAsync(1.00m, "first");
        await sink.Called.Task;

        // One is being sent, 1,024 wait for that sink, the rest become a digest; the other sinks have theirs.
        for (int i = 0; i < 1_030; i++)
        {
            await app.SpendAsync(1.00m, $"user{i}");
        }

        Assert.Equal(1_031, meters.Of("budgetguard.alerts").Length);
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        while (meters.Of("budgetguard.alerts.folded").Count(static folded => folded.Tags.Contains("StuckSink", StringComparison.Ordinal)) < 6)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        sink.Stuck.SetResult();
    }

    private static async Task TryAsync(GuardedApp app, string user)
    {
        await using BudgetLease lease = await app.Guard.BeginAsync(new BudgetRequest { Subject = user, Estimate = 0.50m });
        Assert.False(lease.IsAllowed);
    }

    private sealed class StuckSink : IAlertSink
    {
        public TaskCompletionSource Called { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Stuck { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken)
        {
            Called.TrySetResult();
            await Stuck.Task;
        }
    }
}
