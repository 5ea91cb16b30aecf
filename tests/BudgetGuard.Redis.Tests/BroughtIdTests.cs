using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Redis.Tests;

/// <summary>An identity that a caller brings is used for one thing: also where the store is open on failure, another is no failure of it.</summary>
public sealed class BroughtIdTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Identity_that_was_used_for_something_else_is_a_conflict(bool isOpen)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["BudgetGuard:FailOpen"] = isOpen ? "true" : "false",
            ["BudgetGuard:StoreTimeout"] = "10s",
            ["BudgetGuard:Redis:Tree"] = RedisFixture.NewTree(),
            ["BudgetGuard:Budgets:own:Limit"] = "1",
            ["BudgetGuard:Budgets:own:Period"] = "Total",
        });
        builder.Services.AddBudgetGuard().UseRedis(redis.Server.Address);
        await using WebApplication app = builder.Build();
        await app.StartAsync();
        IBudgetGuard guard = app.Services.GetRequiredService<IBudgetGuard>();
        HoldId id = HoldId.FromText("job 7");
        await using BudgetLease lease = await guard.BeginAsync(new BudgetRequest { Id = id, Estimate = new CostEstimate(1m) });
        Assert.True(lease.IsAllowed);
        await Assert.ThrowsAsync<BudgetHoldConflictException>(() => guard.BeginAsync(new BudgetRequest { Id = id, Estimate = new CostEstimate(0.5m) }).AsTask());
    }
}
