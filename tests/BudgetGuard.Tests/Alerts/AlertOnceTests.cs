using BudgetGuard.Tests.Rig;

namespace BudgetGuard.Tests.Alerts;

/// <summary>An alert is told once for each type, budget, partition, threshold and window; no oftener, and no more seldom.</summary>
public sealed class AlertOnceTests
{
    private const string Threshold = AlertTypes.ThresholdReached;
    private const string Exceeded = AlertTypes.BudgetExceeded;
    private const string Recovered = AlertTypes.Recovered;

    [Fact]
    public async Task T173_Each_share_and_the_first_refusal_are_told_once_a_window_and_again_in_the_next()
    {
        await using AlertApp app = await AlertApp.StartAsync();
        for (int day = 0; day < 2; day++)
        {
            app.App.Time.Advance(TimeSpan.FromDays(day));
            for (int i = 0; i < 15; i++)
            {
                Assert.Equal(i < 10 ? 200 : 402, await app.AskAsync(0.10m));
            }

            await app.DeliveredAsync(4 + (6 * day));
        }

        (string, decimal?)[] aDay = [(Threshold, 0.5m), (Threshold, 0.8m), (Threshold, 1.0m), (Exceeded, null)];
        (string, decimal?)[] over = [(Recovered, 1.0m), (Recovered, null)];
        Assert.Equal([.. aDay, .. over, .. aDay], await app.StopAndListAsync());
        Assert.Equal(2, app.Heard.All.Select(alert => alert.WindowStart).Distinct().Count());
        Assert.Equal(10, app.Heard.All.Select(alert => alert.Id).Distinct().Count());

        // Each end is of the incident that began in its window, and of no other.
        Assert.Equal(
            [.. app.Heard.All.Take(4).Select(alert => alert.IncidentKey).Distinct()],
            app.Heard.All.Where(alert => alert.Type == Recovered).Select(alert => alert.IncidentKey));
    }

    [Fact]
    public async Task T173_A_rolling_budget_tells_again_one_length_after_it_told()
    {
        await using AlertApp app = await AlertApp.StartAsync(
            """{"Budgets":{"hour":{"Limit":1.00,"Rolling":"01:00:00","AlertAt":[1.0],"OnExceeded":"Throttle"}}}""",
            configure: static setup => setup.Keys["BudgetGuard:AsyncProcessing"] = "false");
        for (int minute = 0; minute < 150; minute++)
        {
            await app.AskAsync(0.50m);
            app.App.Time.Advance(TimeSpan.FromMinutes(1));
        }

        // Full at 0:01 and refused at 0:02; both again each time an hour has passed since.
        IReadOnlyList<BudgetAlert> alerts = await app.StopAsync();
        Assert.Equal(3, alerts.Count(alert => alert.Type == AlertTypes.ThrottlingActivated));
        DateTimeOffset[] full = [.. alerts.Where(alert => alert.Type == Threshold).Select(alert => alert.At)];
        Assert.Equal(3, full.Length);
        Assert.All(full.Zip(full[1..]), pair => Assert.InRange(pair.Second - pair.First, TimeSpan.FromMinutes(60), TimeSpan.FromMinutes(62)));
    }

    [Fact]
    public async Task T173_After_a_raised_limit_the_shares_that_were_not_told_are_told_at_the_new_limit()
    {
        await using AlertApp app = await AlertApp.StartAsync();
        await app.AskAsync(0.60m);
        app.Reconfigure("BudgetGuard:Budgets:daily:Limit", "10.00");
        Assert.Equal(200, await app.AskAsync(7.40m));
        Assert.Equal(200, await app.AskAsync(2.00m));
        IReadOnlyList<BudgetAlert> alerts = await app.StopAsync();
        Assert.Equal(
            [(Threshold, 0.5m, 1m, 0.6m), (Recovered, 0.5m, 10m, 0.6m), (Threshold, 0.8m, 10m, 8.0m), (Threshold, 1.0m, 10m, 10m)],
            alerts.Select(alert => (alert.Type, alert.Threshold!.Value, alert.Limit, alert.Used)));
    }

    [Fact]
    public async Task T173_After_a_raised_limit_a_window_that_was_full_tells_again()
    {
        await using AlertApp app = await AlertApp.StartAsync();
        Assert.Equal(200, await app.AskAsync(1.00m));
        Assert.Equal(402, await app.AskAsync(0.10m));
        app.Reconfigure("BudgetGuard:Budgets:daily:Limit", "10.00");
        Assert.Equal(200, await app.AskAsync(7.00m));
        Assert.Equal(200, await app.AskAsync(2.00m));
        Assert.Equal(402, await app.AskAsync(0.10m));
        Assert.Equal(
            [(Threshold, 1.0m), (Exceeded, null), (Recovered, 1.0m), (Recovered, null), (Threshold, 0.8m), (Threshold, 1.0m), (Exceeded, null)],
            await app.StopAndListAsync());
    }

    [Fact]
    public async Task Each_partition_is_told_of_on_its_own_and_another_window_of_one_leaves_the_others()
    {
        await using AlertApp app = await AlertApp.StartAsync();
        foreach (string user in (string[])["alice", "bob", "alice", "carol", "bob"])
        {
            await app.AskAsync(0.50m, user);
        }

        IReadOnlyList<BudgetAlert> alerts = await app.StopAsync();
        Assert.Equal(
            [("alice", 0.5m), ("bob", 0.5m), ("alice", 1.0m), ("carol", 0.5m), ("bob", 1.0m)],
            alerts.Select(alert => (alert.Partition.Single()!, alert.Threshold!.Value)));
    }

    [Fact]
    public async Task Each_budget_of_a_request_is_told_of_on_its_own()
    {
        await using AlertApp app = await AlertApp.StartAsync(
            """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]},"org":{"Limit":1.50,"Period":"Month"}}}""");
        Assert.Equal(200, await app.AskAsync(0.90m, "alice"));
        Assert.Equal(200, await app.AskAsync(0.60m, "bob"));
        Assert.Equal(402, await app.AskAsync(0.10m, "bob"));
        IReadOnlyList<BudgetAlert> alerts = await app.StopAsync();
        Assert.Equal(
            [("daily", Threshold, 0.8m), ("daily", Threshold, 0.5m), ("org", Exceeded, null), ("org", Threshold, 0.5m), ("org", Threshold, 1.0m)],
            alerts.Select(alert => (alert.Budget, alert.Type, alert.Threshold)).OrderBy(alert => alert.Budget, StringComparer.Ordinal).ThenBy(alert => alert.Type, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(0.60, null, 0.5)]
    [InlineData(0.95, null, 0.8)]
    [InlineData(1.00, null, 1.0)]
    [InlineData(0.50, 1.30, 1.0)]
    public async Task T174_A_jump_over_several_shares_tells_the_highest(decimal estimate, double? actual, decimal told)
    {
        await using AlertApp app = await AlertApp.StartAsync();
        Assert.Equal(200, await app.AskAsync(estimate, actual: (decimal?)actual));
        Assert.Equal([(Threshold, told)], await app.StopAndListAsync());
    }

    [Fact]
    public async Task T174_What_was_jumped_over_is_not_told_later()
    {
        await using AlertApp app = await AlertApp.StartAsync();
        await app.AskAsync(0.85m);
        await app.AskAsync(0.05m);
        await app.AskAsync(0.10m);
        Assert.Equal([(Threshold, 0.8m), (Threshold, 1.0m)], await app.StopAndListAsync());
    }

    [Fact]
    public async Task T172_Sixty_four_parallel_requests_that_cross_all_shares_tell_each_once()
    {
        await using AlertApp app = await AlertApp.StartAsync(
            """{"Budgets":{"daily":{"Limit":6.40,"Period":"Day"}}}""", configure: static setup => setup.UseKestrel = true);
        int[] first = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => app.AskAsync(0.10m, $"user{i}")));
        Assert.All(first, status => Assert.Equal(200, status));
        int[] second = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => app.AskAsync(0.10m, $"user{i}")));
        Assert.All(second, status => Assert.Equal(402, status));
        Assert.Equal(
            [(Exceeded, null), (Threshold, 0.5m), (Threshold, 0.8m), (Threshold, 1.0m)], (await app.StopAndListAsync()).Order());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task T171_A_thousand_denials_are_one_alert(bool cacheDecisions)
    {
        await using AlertApp app = await AlertApp.StartAsync(
            GuardedApp.OneDollarADay, configure: setup => setup.Keys["BudgetGuard:CacheDecisions"] = cacheDecisions ? "true" : "false");
        await app.AskAsync(1.00m);
        for (int i = 0; i < 1_000; i++)
        {
            Assert.Equal(402, await app.AskAsync(0.001m * (1 + (i % 900))));
        }

        Assert.Equal([(Threshold, 1.0m), (Exceeded, null)], await app.StopAndListAsync());
    }

    [Fact]
    public async Task What_only_waits_for_others_or_never_fits_is_no_exceeded_budget()
    {
        await using AlertApp app = await AlertApp.StartAsync();
        Assert.Equal(402, await app.AskAsync(1.01m));
        await using (BudgetLease lease = await app.App.Guard.BeginAsync(new BudgetRequest { Subject = "alice", Estimate = 0.90m }))
        {
            Assert.Equal(429, await app.AskAsync(0.20m));
            lease.ReportCost(0.01m);
        }

        Assert.Empty(await app.StopAsync());
    }
}
