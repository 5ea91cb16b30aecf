using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace BudgetGuard.Redis.Tests;

/// <summary>A server that has lost its writes is told again what a node knows, whatever goes wrong while it is.</summary>
public sealed class RecallTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    private static readonly Account _account = new(new BudgetTerms { Name = "own", Unit = BudgetUnit.Requests, Window = WindowSpec.Total }, [], 1_000);

    [Theory]
    [InlineData("pulse", true, 1)]
    [InlineData("pulse", false, 2)]
    [InlineData("hold", true, 1)]
    [InlineData("hold", false, 1)]
    [InlineData("finish", false, 1)]
    [InlineData("unknown", true, 1)]
    [InlineData("unknown", false, 3)]
    public async Task Answers_and_steps_that_get_lost_while_it_is_told_again_are_made_good(string script, bool isRun, int times)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2027, 5, 4, 12, 0, 0, TimeSpan.Zero));
        await using ConnectionMultiplexer connection = await redis.Server.ConnectAsync();
        var transport = new LosingTransport(new RedisTransport(connection.GetDatabase(), static () => TimeSpan.FromSeconds(10), TimeProvider.System));
        string tree = RedisFixture.NewTree();
        await using var tracker = new RedisCostTracker(transport, tree, time, static () => ExpiredHolds.Charge, null, new RedisSignals(NullLogger.Instance), sendsTime: true);
        var set = new AccountSet([_account]);
        HoldResult open = await tracker.HoldAsync(new HoldRequest(set, Requests(70), TimeSpan.FromMinutes(1)), default);
        HoldResult ended = await tracker.HoldAsync(new HoldRequest(set, Requests(20), TimeSpan.FromMinutes(1)), default);
        await tracker.SettleAsync(ended.Hold, Requests(9), default);
        await tracker.PulseAsync(default);
        await LoseAsync();
        transport.Lose(script, isRun, times);
        for (int round = 0; round < times; round++)
        {
            await Assert.ThrowsAsync<RedisUnavailableException>(() => tracker.PulseAsync(default).AsTask());
        }

        await tracker.PulseAsync(default);
        await AssertAllAsync();

        // Lost once more before the node has said that it told all of it.
        await LoseAsync();
        await tracker.PulseAsync(default);
        await AssertAllAsync();
        await tracker.PulseAsync(default);
        long losses = tracker.Losses;
        await tracker.PulseAsync(default);
        Assert.Equal(losses, tracker.Losses);
        await tracker.SettleAsync(open.Hold, Requests(70), default);
        Assert.Equal(79, (await tracker.ReadAsync(_account, default)).Settled);

        async Task LoseAsync()
        {
            RedisKey[] all = [.. connection.GetServers()[0].Keys(pattern: $"bg1:{{{tree}}}:*")];
            await connection.GetDatabase().KeyDeleteAsync(all);
        }

        async Task AssertAllAsync()
        {
            AccountState state = await tracker.ReadAsync(_account, default);
            Assert.Equal((9L, 70L), (state.Settled, state.Held));
        }
    }

    private static Charge Requests(long count) => new(Money.Zero, 0, count);
}
