using BudgetGuard.Tests.Rig;

namespace BudgetGuard.Tests.Alerts;

/// <summary>A budget that meets more partitions than it tracks tells so, and blames nobody for the account that the rest share.</summary>
public sealed class OverflowAlertTests
{
    private const string ThreeUsers =
        """{"MaxTrackedPartitions":3,"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"],"AlertAt":[0.5]},"org":{"Limit":100,"Period":"Day","AlertAt":[]}}}""";

    [Fact]
    public async Task More_partitions_than_are_tracked_are_told_once_a_window()
    {
        await using AlertApp app = await AlertApp.StartAsync(ThreeUsers);
        using CountedMetric overflows = new(app.App, "budgetguard.partitions.overflows");
        for (int day = 0; day < 2; day++)
        {
            for (int i = 0; i < 10; i++)
            {
                Assert.Equal(200, await app.AskAsync(0.01m, $"user{day}-{i}"));
            }

            await app.DeliveredAsync(day + 1);
            app.App.Time.Advance(TimeSpan.FromDays(1));
        }

        IReadOnlyList<BudgetAlert> alerts = await app.StopAsync();
        Assert.Equal(2, alerts.Count);
        Assert.Equal(2, overflows.Sum);
        Assert.Equal(2, alerts.Select(alert => alert.WindowStart).Distinct().Count());
        Assert.Equal(2, app.App.Logs.GetSnapshot().Count(record => record.Id.Name == "PartitionsOverflowed"));
        BudgetAlert first = alerts[0];
        Assert.Equal(("partitions_overflowed", AlertSeverity.Warning, "daily", BudgetUnit.Usd), (first.Type, first.Severity, first.Budget, first.Unit));
        Assert.Empty(first.Partition);
        Assert.Equal((GuardedApp.Start, null, 1m, 0m, 0m), (first.At, first.Threshold, first.Limit, first.Used, first.Utilization));
        Assert.Equal("Budget daily: more than 3 partitions, new ones share one account, 0 of 1 USD used", first.Message);
    }

    [Fact]
    public async Task Alerts_of_the_shared_account_name_no_partition()
    {
        await using AlertApp app = await AlertApp.StartAsync(ThreeUsers);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(200, await app.AskAsync(0.01m, $"user{i}"));
        }

        Assert.Equal(200, await app.AskAsync(0.45m, "mallory"));
        Assert.Equal(200, await app.AskAsync(0.05m, "newcomer"));
        Assert.Equal(402, await app.AskAsync(0.60m, "bystander"));
        Assert.Equal(200, await app.AskAsync(0.60m, "user0"));
        IReadOnlyList<BudgetAlert> alerts = await app.StopAsync();
        Assert.Equal(
            [
                (AlertTypes.PartitionsOverflowed, null, 0m),
                (AlertTypes.ThresholdReached, null, 0.5m),
                (AlertTypes.BudgetExceeded, null, 0.5m),
                (AlertTypes.ThresholdReached, "user0", 0.61m),
            ],
            alerts.Select(alert => (alert.Type, alert.Partition.SingleOrDefault(), alert.Used)));
        Assert.Equal("Budget daily: requests are rejected, 0.5 of 1 USD used", alerts[2].Message);
    }

    [Fact]
    public async Task Without_alerting_the_overflow_is_still_logged_and_counted()
    {
        await using AlertApp app = await AlertApp.StartAsync(ThreeUsers, configure: static setup => setup.Keys["BudgetGuard:EnableAlerting"] = "false");
        using CountedMetric overflows = new(app.App, "budgetguard.partitions.overflows");
        for (int i = 0; i < 5; i++)
        {
            await app.AskAsync(0.01m, $"user{i}");
        }

        Assert.Empty(await app.StopAsync());
        Assert.Equal(1, overflows.Sum);
        Assert.Single(app.App.Logs.GetSnapshot(), record => record.Id.Name == "PartitionsOverflowed");
    }
}
