using BudgetGuard.Accounting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using StackExchange.Redis;

namespace BudgetGuard.Redis.Tests;

/// <summary>One node on a Redis.</summary>
internal sealed class Node : IAsyncDisposable
{
    private readonly ConnectionMultiplexer _connection;

    private Node(ConnectionMultiplexer connection, RedisCostTracker tracker, LeasedCostTracker? leased, FakeLogCollector log)
    {
        _connection = connection;
        Tracker = tracker;
        Leased = leased;
        Log = log;
    }

    /// <summary>The tracker that borrows, where the node does.</summary>
    public LeasedCostTracker? Leased { get; }

    public RedisCostTracker Tracker { get; }

    public FakeLogCollector Log { get; }

    public static async Task<Node> StartAsync(
        string address, TimeProvider? time = null, string tree = "test", bool sendsTime = false, Func<ExpiredHolds>? expired = null, TimeSpan? timeout = null,
        IAccountEvents? listener = null, bool borrows = false, Func<IRedisTransport, IRedisTransport>? wrap = null, Account[]? budgets = null)
    {
        ConnectionMultiplexer connection = await RedisServer.ConnectAsync(address);
        var log = new FakeLogCollector();
        TimeSpan bound = timeout ?? TimeSpan.FromSeconds(10);

        // A faked clock says what time it is in the accounts; waits for the network are in real time.
        IRedisTransport transport = new RedisTransport(connection.GetDatabase(), () => bound, TimeProvider.System);
        transport = wrap?.Invoke(transport) ?? transport;
        ILogger logger = new FakeLogger(log);
        var tracker = new RedisCostTracker(
            transport, tree, time ?? TimeProvider.System, expired ?? (static () => ExpiredHolds.Charge), listener, new RedisSignals(logger), sendsTime)
        {
            Budgets = () => budgets ?? [],
        };
        LeasedCostTracker? leased = borrows
            ? new LeasedCostTracker(tracker, time ?? TimeProvider.System, expired ?? (static () => ExpiredHolds.Charge), new RedisSignals(logger)) : null;
        return new Node(connection, tracker, leased, log);
    }

    public bool IsDisposed { get; private set; }

    public async ValueTask DisposeAsync()
    {
        if (IsDisposed)
        {
            return;
        }

        IsDisposed = true;
        await (Leased?.DisposeAsync() ?? Tracker.DisposeAsync());
        await _connection.DisposeAsync();
    }
}
