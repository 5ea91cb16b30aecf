using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace BudgetGuard.Redis.Tests;

/// <summary>A server that has lost its latest writes, but not all: what is told again is what was lost, and not more.</summary>
public sealed class LostWritesTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    private static readonly Account _account = new(new BudgetTerms { Name = "own", Unit = BudgetUnit.Requests, Window = WindowSpec.Total }, [], 100);
    private static readonly AccountSet _set = new([_account]);
    private static readonly TimeSpan _ttl = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(BudgetUnit.Requests)]
    [InlineData(BudgetUnit.Concurrency)]
    public async Task Hold_that_has_grown_since_holds_all_it_has_again(BudgetUnit unit)
    {
        await using World world = await World.StartAsync(redis);
        RedisCostTracker tracker = world.Tracker;
        var account = new Account(_account.Terms with { Name = "grows", Unit = unit, Window = unit == BudgetUnit.Requests ? new WindowSpec(BudgetPeriod.Total, TimeZoneInfo.Utc, TimeSpan.FromHours(1)) : WindowSpec.Total }, [], 100);
        var set = new AccountSet([_account, account]);
        HoldResult held = await tracker.HoldAsync(new HoldRequest(set, Requests(10), _ttl), default);
        await tracker.PulseAsync(default);
        Snapshot before = await Snapshot.TakeAsync(world.Connection, world.Tree);
        held = await tracker.ExtendAsync(held.Hold, Requests(80), default);
        Assert.Equal(HoldOutcome.Held, held.Outcome);
        await tracker.PulseAsync(default);
        await before.PutBackAsync();
        await tracker.PulseAsync(default);
        await tracker.PulseAsync(default);
        Assert.Equal(90, (await tracker.ReadAsync(_account, default)).Held);
        Assert.Equal(unit == BudgetUnit.Requests ? 90 : 1, (await tracker.ReadAsync(account, default)).Held);
        Assert.Equal(HoldOutcome.Refused, (await tracker.HoldAsync(new HoldRequest(_set, Requests(11), _ttl), default)).Outcome);

        // All is there: to be told again changes nothing.
        await tracker.PulseAsync(default);
        await before.PutBackAsync();
        await tracker.PulseAsync(default);
        Assert.Equal(90, (await tracker.ReadAsync(_account, default)).Held);
        await tracker.SettleAsync(held.Hold, Requests(70), default);
        AccountState state = await tracker.ReadAsync(_account, default);
        Assert.Equal((70L, 0L), (state.Settled, state.Held));
    }

    [Fact]
    public async Task Hold_whose_answer_was_lost_and_that_went_back_stays_back()
    {
        await using World world = await World.StartAsync(redis);
        RedisCostTracker tracker = world.Tracker;
        world.Transport.Lose("hold", isRun: true, times: 1);
        await Assert.ThrowsAsync<RedisUnavailableException>(() => tracker.HoldAsync(new HoldRequest(_set, Requests(60), _ttl), default).AsTask());
        await tracker.PulseAsync(default);
        Snapshot before = await Snapshot.TakeAsync(world.Connection, world.Tree);
        await world.DeliveredAsync();
        await tracker.PulseAsync(default);
        await before.PutBackAsync();
        Assert.Equal(60, (await tracker.ReadAsync(_account, default)).Held);
        await tracker.PulseAsync(default);
        Assert.Equal(0, (await tracker.ReadAsync(_account, default)).Held);
    }

    [Fact]
    public async Task Corrections_that_are_told_again_count_once()
    {
        await using World world = await World.StartAsync(redis);
        RedisCostTracker tracker = world.Tracker;
        HoldResult held = await tracker.HoldAsync(new HoldRequest(_set, Requests(10), _ttl), default);
        await tracker.PulseAsync(default);
        await tracker.PulseAsync(default);
        Snapshot before = await Snapshot.TakeAsync(world.Connection, world.Tree);
        await tracker.SettleAsync(held.Hold, Requests(10), default);
        await tracker.AdjustAsync(held.Hold, Requests(10), Requests(20), default);
        await tracker.AdjustAsync(held.Hold, Requests(20), Requests(35), default);
        Assert.Equal(35, (await tracker.ReadAsync(_account, default)).Settled);
        await world.Connection.GetDatabase().KeyDeleteAsync($"bg1:{{{world.Tree}}}:m:{tracker.Node}");
        await tracker.PulseAsync(default);
        Assert.Equal(35, (await tracker.ReadAsync(_account, default)).Settled);
        await before.PutBackAsync();
        await world.Connection.GetDatabase().KeyDeleteAsync($"bg1:{{{world.Tree}}}:m:{tracker.Node}");
        await tracker.PulseAsync(default);
        Assert.Equal(35, (await tracker.ReadAsync(_account, default)).Settled);
    }

    [Fact]
    public async Task Entry_of_a_hold_that_is_over_stops_nobody()
    {
        await using World world = await World.StartAsync(redis);
        RedisCostTracker tracker = world.Tracker;
        HoldResult held = await tracker.HoldAsync(new HoldRequest(_set, Requests(10), _ttl), default);
        await tracker.SettleAsync(held.Hold, Requests(10), default);
        await world.Connection.GetDatabase().SortedSetAddAsync($"bg1:{{{world.Tree}}}:x", $"{held.Hold.Id.High:x16}{held.Hold.Id.Low:x16}", 1);
        Assert.Equal(10, (await tracker.ReadAsync(_account, default)).Settled);
    }

    private static Charge Requests(long count) => new(Money.Zero, 0, count);

    /// <summary>A node, with a server of which it knows the keys.</summary>
    private sealed class World(ConnectionMultiplexer connection, string tree) : IAsyncDisposable
    {
        private readonly FakeTimeProvider _time = new(new DateTimeOffset(2027, 5, 4, 12, 0, 0, TimeSpan.Zero));

        public ConnectionMultiplexer Connection { get; } = connection;

        public string Tree { get; } = tree;

        public LosingTransport Transport { get; private set; } = null!;

        public RedisCostTracker Tracker { get; private set; } = null!;

        public static async Task<World> StartAsync(RedisFixture redis)
        {
            var world = new World(await redis.Server.ConnectAsync(), RedisFixture.NewTree());
            world.Transport = new LosingTransport(new RedisTransport(world.Connection.GetDatabase(), static () => TimeSpan.FromSeconds(10), TimeProvider.System));
            world.Tracker = new RedisCostTracker(
                world.Transport, world.Tree, world._time, static () => ExpiredHolds.Charge, null, new RedisSignals(NullLogger.Instance), sendsTime: true);
            return world;
        }

        public async Task DeliveredAsync()
        {
            for (int i = 0; i < 1_000 && Tracker.Waiting > 0; i++)
            {
                _time.Advance(TimeSpan.FromMilliseconds(100));
                // The server answers in its own time.
                await Task.Delay(10);
            }

            Assert.Equal(0, Tracker.Waiting);
        }

        public async ValueTask DisposeAsync()
        {
            await Tracker.DisposeAsync();
            await Connection.DisposeAsync();
        }
    }
}
