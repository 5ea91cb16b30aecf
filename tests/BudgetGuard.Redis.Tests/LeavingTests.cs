using System.Diagnostics;
using StackExchange.Redis;

namespace BudgetGuard.Redis.Tests;

/// <summary>How a node ends that has something to tell still.</summary>
public sealed class LeavingTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    private static readonly Account _account = new(new BudgetTerms { Name = "own", Unit = BudgetUnit.Requests, Window = WindowSpec.Total }, [], 1_000);
    private static readonly AccountSet _set = new([_account]);
    private static readonly TimeSpan _ttl = TimeSpan.FromMinutes(1);

    private readonly string _tree = RedisFixture.NewTree();

    [Fact]
    public async Task Node_that_ends_while_Redis_is_away_for_a_moment_tries_on()
    {
        LosingTransport? transport = null;
        Node node = await Node.StartAsync(redis.Server.Address, tree: _tree, wrap: inner => transport = new LosingTransport(inner));
        HoldResult held = await node.Tracker.HoldAsync(new HoldRequest(_set, Requests(10), _ttl), default);
        transport!.Lose("finish", isRun: false, times: 4);
        await Assert.ThrowsAsync<RedisUnavailableException>(() => node.Tracker.SettleAsync(held.Hold, Requests(7), default).AsTask());
        await node.DisposeAsync();
        Assert.Equal(7, await SettledAsync());
    }

    [Fact]
    public async Task Node_that_ends_while_Redis_stays_away_waits_five_seconds()
    {
        LosingTransport? transport = null;
        Node node = await Node.StartAsync(redis.Server.Address, tree: _tree, wrap: inner => transport = new LosingTransport(inner));
        HoldResult held = await node.Tracker.HoldAsync(new HoldRequest(_set, Requests(10), _ttl), default);
        transport!.Lose("finish", isRun: false, times: int.MaxValue);
        await Assert.ThrowsAsync<RedisUnavailableException>(() => node.Tracker.SettleAsync(held.Hold, Requests(7), default).AsTask());
        long started = Stopwatch.GetTimestamp();
        await node.DisposeAsync();
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 4, 15);
        Assert.Contains(node.Log.GetSnapshot(), static line => line.Id.Id == 635);
    }

    [Theory]
    [InlineData("finish")]
    [InlineData("pulse")]
    public async Task Step_that_fails_as_its_node_ends_keeps_nothing_from_being_told(string script)
    {
        FailingAtTheEnd? transport = null;
        Node node = await Node.StartAsync(redis.Server.Address, tree: _tree, borrows: true, wrap: inner => transport = new FailingAtTheEnd(inner));
        int spent = await Borrowing.BorrowAsync(node, _account, times: 10);

        // Something of its own is on the way, and waits.
        transport!.Script = script;
        await transport.Waits.Task.WaitAsync(TimeSpan.FromSeconds(30));
        transport.Script = "";
        await node.DisposeAsync();
        Assert.Equal(spent, await SettledAsync());
        Assert.Equal(0, await HeldAsync());
    }

    [Fact]
    public async Task Seat_that_cannot_be_left_keeps_nothing_from_being_told()
    {
        LosingTransport? transport = null;
        Node node = await Node.StartAsync(redis.Server.Address, tree: _tree, borrows: true, wrap: inner => transport = new LosingTransport(inner));
        int spent = await Borrowing.BorrowAsync(node, _account);
        Assert.NotNull(await node.Leased!.SummarizeAsync(default));
        transport!.Lose("seat", isRun: false, times: 1);
        await node.DisposeAsync();
        Assert.Equal(0, transport.Left);
        Assert.Equal(spent, await SettledAsync());
        Assert.Equal(0, await HeldAsync());
    }

    private static Charge Requests(long count) => new(Money.Zero, 0, count);

    private async Task<long> SettledAsync() => (await ReadAsync()).Settled;

    private async Task<long> HeldAsync() => (await ReadAsync()).Held;

    private async Task<AccountState> ReadAsync()
    {
        await using Node other = await Node.StartAsync(redis.Server.Address, tree: _tree);
        return await other.Tracker.ReadAsync(_account, default);
    }

    /// <summary>One step waits until whoever takes it ends, and has failed by then.</summary>
    private sealed class FailingAtTheEnd(IRedisTransport inner) : IRedisTransport
    {
        public string Script { get; set; } = "";

        public TaskCompletionSource Waits { get; } = new();

        public async ValueTask<RedisResult> RunAsync(RedisScript script, RedisKey[] keys, RedisValue[] arguments, CancellationToken cancellationToken)
        {
            if (script.Name != Script)
            {
                return await inner.RunAsync(script, keys, arguments, cancellationToken);
            }

            Waits.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken).ContinueWith(static _ => { }, TaskScheduler.Default);
            throw new RedisUnavailableException("Failed just then.", wasSent: true);
        }
    }
}
