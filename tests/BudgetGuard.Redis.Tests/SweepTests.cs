using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Redis.Tests;

/// <summary>Many holds that end at once, as a node's do that broke down, keep nobody from an answer.</summary>
public sealed class SweepTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    [Fact]
    public async Task Who_does_not_fit_is_told_so_however_many_holds_are_over()
    {
        const int count = 6_000;
        string tree = RedisFixture.NewTree();
        var time = new FakeTimeProvider(new DateTimeOffset(2027, 3, 31, 12, 0, 0, TimeSpan.Zero));
        await using Node node = await Node.StartAsync(redis.Server.Address, time, tree, sendsTime: true);
        var account = new Account(new BudgetTerms { Name = "all", Unit = BudgetUnit.Requests, Window = WindowSpec.Total }, [], count);
        var set = new AccountSet([account]);
        await Task.WhenAll(Enumerable.Range(0, count).Select(_ => node.Tracker.HoldAsync(new HoldRequest(set, new Charge(Money.Zero, 0, 1), TimeSpan.FromMinutes(1)), default).AsTask()));
        time.Advance(TimeSpan.FromMinutes(2));
        HoldResult result = await node.Tracker.HoldAsync(new HoldRequest(set, new Charge(Money.Zero, 0, 1), TimeSpan.FromMinutes(1)), default);
        Assert.Equal(HoldOutcome.Refused, result.Outcome);
        Assert.Equal(count, (await node.Tracker.ReadAsync(account, default)).Settled);
    }
}
