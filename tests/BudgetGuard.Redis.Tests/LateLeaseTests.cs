using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

using static BudgetGuard.Redis.Tests.Borrowing;

namespace BudgetGuard.Redis.Tests;

/// <summary>Holds on what was borrowed that end when that was given back.</summary>
public sealed class LateLeaseTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    private static readonly TimeSpan Ttl = TimeSpan.FromMinutes(1);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2027, 3, 31, 12, 0, 0, TimeSpan.Zero));
    private readonly string _tree = RedisFixture.NewTree();

    [Fact]
    public async Task Late_ending_before_its_part_is_told_counts_once()
    {
        Account account = Requests(1_000);
        LosingTransport? transport = null;
        await using Node node = await Node.StartAsync(
            redis.Server.Address, _time, _tree, sendsTime: true, borrows: true, wrap: inner => transport = new LosingTransport(inner));
        long spent = await BorrowAsync(node, account);
        var set = new AccountSet([account]);
        HoldResult held = await HoldAsync(node, set, 50);
        transport!.Lose("finish", isRun: false, times: 100);
        for (int second = 0; second < 62; second += 2)
        {
            _time.Advance(TimeSpan.FromSeconds(2));
            await node.Leased!.KeepAsync(default);
        }

        transport.Lose("finish", isRun: false, times: 0);
        await node.Leased!.SettleAsync(held.Hold, Charge(2), default);
        await EventuallyAsync(() =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            return Task.FromResult(node.Tracker.Waiting == 0);
        });
        AccountState state = await node.Tracker.ReadAsync(account, default);
        Assert.Equal((spent + 2, 0L), (state.Settled, state.Held));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_part_was_charged_too_much_raises_no_later_window(bool isReset)
    {
        Account account = Requests(1_000, period: BudgetPeriod.Day);
        await using Node node = await NodeAsync();
        await BorrowAsync(node, account);
        var set = new AccountSet([account]);
        HoldResult held = await HoldAsync(node, set, 100);
        for (int second = 0; second < 70; second += 2)
        {
            _time.Advance(TimeSpan.FromSeconds(2));
            await node.Leased!.KeepAsync(default);
        }

        if (isReset)
        {
            await node.Leased!.ResetAsync(account, default);
        }
        else
        {
            _time.Advance(TimeSpan.FromDays(1));
        }

        // Of another: it stays as it is.
        await using Node other = await Node.StartAsync(redis.Server.Address, _time, _tree, sendsTime: true);
        HoldResult direct = await other.Tracker.HoldAsync(new HoldRequest(set, Charge(500), Ttl), default);
        await other.Tracker.SettleAsync(direct.Hold, Charge(500), default);
        await node.Leased!.SettleAsync(held.Hold, Charge(1), default);
        AccountState state = await other.Tracker.ReadAsync(account, default);
        Assert.Equal((500L, 0L), (state.Settled, state.Held));
    }

    [Fact]
    public async Task Part_that_was_over_before_the_server_lost_all_counts_again_while_a_hold_on_it_is_open()
    {
        Account account = Requests(1_000);
        await using Node node = await NodeAsync();
        await using ConnectionMultiplexer connection = await redis.Server.ConnectAsync();
        long spent = await BorrowAsync(node, account);
        var set = new AccountSet([account]);
        for (; node.Leased!.Decided.Local < 20; spent++)
        {
            await node.Leased.SettleAsync((await HoldAsync(node, set, 1)).Hold, Charge(1), default);
        }

        long before = node.Leased.Decided.Local;
        HoldResult held = await node.Leased.HoldAsync(new HoldRequest(set, Charge(5), TimeSpan.FromMinutes(10)), default);
        Assert.Equal(before + 1, node.Leased.Decided.Local);
        await node.Tracker.PulseAsync(default);
        _time.Advance(TimeSpan.FromSeconds(70));
        await node.Leased.KeepAsync(default);
        await node.Tracker.PulseAsync(default);
        await connection.GetDatabase().KeyDeleteAsync([.. connection.GetServers()[0].Keys(pattern: $"bg1:{{{_tree}}}:*")]);
        await node.Tracker.PulseAsync(default);
        AccountState state = await node.Tracker.ReadAsync(account, default);
        Assert.True(state.Settled + state.Held >= 21 + 5, $"{state}, {spent}");

        // No more than what may still become of it.
        await node.Leased.KeepAsync(default);
        state = await node.Tracker.ReadAsync(account, default);
        Assert.Equal(5, state.Held);
        await node.Leased.SettleAsync(held.Hold, Charge(3), default);
        await node.Leased.KeepAsync(default);
        Assert.Equal((state.Settled + 3, 0L), (await node.Tracker.ReadAsync(account, default)) is var last ? (last.Settled, last.Held) : default);
    }

    [Fact]
    public async Task Refund_that_comes_before_its_charge_holds_nothing_up_and_is_given_up_at_last()
    {
        Account account = Requests(1_000);
        var set = new AccountSet([account]);
        await using Node node = await NodeAsync();
        await using var outbox = new RedisOutbox(node.Tracker, _time, new RedisSignals(NullLogger.Instance));
        Hold part = (await node.Tracker.BorrowAsync(set, Charge(50), Ttl, default))!.Value.Hold;
        Hold other = (await node.Tracker.HoldAsync(new HoldRequest(set, Charge(10), Ttl), default)).Hold;
        outbox.Add(new RedisEnding(RedisEndingKind.GiveBack, part, Charge(50), Charge(20), RedisCostTracker.NewId()));
        outbox.Add(new RedisEnding(RedisEndingKind.Settle, other, default, Charge(10)));
        Assert.True(await outbox.DeliverAsync(default));
        Assert.Equal((1, 10L), (outbox.Count, (await node.Tracker.ReadAsync(account, default)).Settled));
        await node.Tracker.SettleAsync(part, Charge(50), default);
        Assert.True(await outbox.DeliverAsync(default));
        Assert.Equal((0, 30L), (outbox.Count, (await node.Tracker.ReadAsync(account, default)).Settled));

        Hold never = (await node.Tracker.BorrowAsync(set, Charge(50), Ttl, default))!.Value.Hold;
        outbox.Add(new RedisEnding(RedisEndingKind.GiveBack, never, Charge(50), Charge(20), RedisCostTracker.NewId()));
        for (int round = 0; round < RedisOutbox.MostTries; round++)
        {
            Assert.False(await outbox.DeliverAsync(default));
        }

        Assert.Equal(1, outbox.Count);
        Assert.True(await outbox.DeliverAsync(default));
        Assert.Equal((0, 50L), (outbox.Count, (await node.Tracker.ReadAsync(account, default)).Held));
    }

    private static Account Requests(long limit, BudgetPeriod period = BudgetPeriod.Total) =>
        new(new BudgetTerms { Name = "race", Unit = BudgetUnit.Requests, Window = new WindowSpec(period, TimeZoneInfo.Utc) }, [], limit);

    private async Task<Node> NodeAsync() => await Node.StartAsync(redis.Server.Address, _time, _tree, sendsTime: true, borrows: true);
}
