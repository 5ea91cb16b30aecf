using System.Collections.Concurrent;
using System.Diagnostics;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;

namespace BudgetGuard.Tests.Diagnostics;

/// <summary>The activity of a decision. Sources are of the whole process: the budgets here have names of their own, by which the test finds its activities.</summary>
public sealed class ActivityTests
{
    [Fact]
    public async Task Each_decision_is_one_activity_with_decision_budget_and_operation()
    {
        ConcurrentQueue<Activity> stopped = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = static source => source.Name == "BudgetGuard",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using GuardedApp app = await GuardedApp.StartAsync(
            """{"Budgets":{"traced_day":{"Limit":0.60,"Period":"Day","Per":["User"]},"traced_minute":{"Limit":0.30,"Period":"Minute"}}}""",
            static app => app.MapGet("/api/secretpath", static () => "done").WithCost(0.30m).WithOperation("report"));
        Assert.Equal(200, await GetAsync(app));
        Assert.Equal(429, await GetAsync(app));
        app.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(200, await GetAsync(app));
        app.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(402, await GetAsync(app));

        Activity[] own = [.. stopped.Where(activity => activity.GetTagItem("budgetguard.budget") is string budget && budget.StartsWith("traced_", StringComparison.Ordinal))];
        Assert.Equal(
            [
                "budgetguard.decision=allow budgetguard.budget=traced_minute budgetguard.operation=report",
                "budgetguard.decision=throttle budgetguard.budget=traced_minute budgetguard.operation=report",
                "budgetguard.decision=allow budgetguard.budget=traced_day budgetguard.operation=report",
                "budgetguard.decision=reject budgetguard.budget=traced_day budgetguard.operation=report",
            ],
            own.Select(activity => string.Join(' ', activity.TagObjects.Select(tag => $"{tag.Key}={tag.Value}"))));
        Assert.All(own, activity => Assert.Equal(("budgetguard.decide", "BudgetGuard", 0), (activity.OperationName, activity.Source.Name, activity.Events.Count())));
    }

    private static async Task<int> GetAsync(GuardedApp app)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/api/secretpath") { Headers = { { "X-User-ID", "alice" }, { "X-Model", "gpt-4" } } };
        using HttpResponseMessage answer = await app.Client.SendAsync(request);
        return (int)answer.StatusCode;
    }
}
