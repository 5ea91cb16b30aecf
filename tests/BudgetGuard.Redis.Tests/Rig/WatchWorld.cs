using System.Collections.Concurrent;
using BudgetGuard.Accounting;
using BudgetGuard.Alerts.Raising;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Redis.Tests;

/// <summary>Nodes on one tree that look at its accounts, and a tracker in memory to which the same is done.</summary>
internal sealed class WatchWorld(RedisFixture redis, DateTimeOffset start, params Account[] budgets) : IAsyncDisposable
{
    private readonly string _tree = RedisFixture.NewTree();
    private readonly List<Node> _nodes = [];
    private readonly List<Listener> _listeners = [];
    private readonly Listener _inMemory = new();
    private InMemoryCostTracker? _memory;

    public FakeTimeProvider Time { get; } = new(start);

    public InMemoryCostTracker Memory => _memory ??= new InMemoryCostTracker(Time, static () => ExpiredHolds.Charge, _inMemory);

    /// <summary>What the accounts in memory told.</summary>
    public IEnumerable<AccountEvent> Expected => _inMemory.All;

    /// <summary>What was claimed, by any node; each with the node.</summary>
    public List<(int Node, AccountEvent Event)> Told { get; } = [];

    /// <summary>How many were raised, claimed or not.</summary>
    public int Raised { get; private set; }

    public async Task<Node> AddAsync(Func<IRedisTransport, IRedisTransport>? wrap = null, bool borrows = false, bool isConfigured = true)
    {
        var listener = new Listener();
        Node node = await Node.StartAsync(
            redis.Server.Address, Time, _tree, sendsTime: true, listener: listener, budgets: isConfigured ? budgets : [], wrap: wrap, borrows: borrows);
        _nodes.Add(node);
        _listeners.Add(listener);
        return node;
    }

    public static Charge Nanos(long nanos) => new(Money.FromNanos(nanos), nanos, 1);

    /// <summary>Uses an amount in memory and, through one of the nodes, in Redis.</summary>
    public async Task SpendAsync(Account account, long nanos, int node = 0, long? settled = null)
    {
        HoldResult there = await _nodes[node].Tracker.HoldAsync(new HoldRequest(new AccountSet([account]), Nanos(nanos), TimeSpan.FromDays(90)), default);
        HoldResult here = await Memory.HoldAsync(new HoldRequest(new AccountSet([account]), Nanos(nanos), TimeSpan.FromDays(90)), default);
        Assert.Equal(here.Outcome, there.Outcome);
        if (here.Outcome == HoldOutcome.Held)
        {
            await _nodes[node].Tracker.SettleAsync(there.Hold, Nanos(settled ?? nanos), default);
            await Memory.SettleAsync(here.Hold, Nanos(settled ?? nanos), default);
        }

        await ClaimAsync();
    }

    /// <summary>All look, as their watchers would.</summary>
    public async Task LookAsync()
    {
        Memory.Scan();
        foreach (Node node in _nodes)
        {
            if (!node.IsDisposed)
            {
                await (node.Leased?.ScanAsync(default) ?? node.Tracker.ScanAsync(default));
            }
        }

        await ClaimAsync();
    }

    /// <summary>Claims what was raised, as each node's dispatcher would.</summary>
    public async Task ClaimAsync()
    {
        for (int i = 0; i < _nodes.Count; i++)
        {
            while (_listeners[i].Waiting.TryDequeue(out AccountEvent? one))
            {
                Raised++;
                if (TypeOf(one) is { } type && await _nodes[i].Tracker.ClaimAlertAsync(new AccountAlert(type, one, Time.GetUtcNow()).Claim, default))
                {
                    Told.Add((i, one));
                }
            }
        }
    }

    public AccountEvent[] ToldOf(AccountEventKind kind) => [.. Told.Select(static one => one.Event).Where(one => one.Kind == kind)];

    public async ValueTask DisposeAsync()
    {
        foreach (Node node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    public static string? TypeOf(AccountEvent one) => one.Kind switch
    {
        AccountEventKind.ThresholdReached => AlertTypes.ThresholdReached,
        AccountEventKind.Forecast => AlertTypes.ForecastExceeded,
        AccountEventKind.Spiked => AlertTypes.CostSpike,
        AccountEventKind.Recovered => AlertTypes.Recovered,
        AccountEventKind.Refused when one.Notice == NoticeKind.Exceeded || (one.Notice == NoticeKind.HeldByOthers && one.Account.Terms.Unit == BudgetUnit.Concurrency) =>
            AccountAlert.NoticeTypeOf(one),
        _ => null,
    };

    private sealed class Listener : IAccountEvents
    {
        public ConcurrentQueue<AccountEvent> Waiting { get; } = new();

        public IEnumerable<AccountEvent> All => Waiting;

        public void Occurred(AccountEvent accountEvent) => Waiting.Enqueue(accountEvent);
    }
}
