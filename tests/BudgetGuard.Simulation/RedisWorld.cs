using BudgetGuard.Redis;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace BudgetGuard.Simulation;

/// <summary>How a run is.</summary>
internal sealed record RedisRun
{
    public bool Borrows { get; init; }

    public bool FailsOver { get; init; }

    /// <summary>Changes a script, by its name.</summary>
    public Func<string, string, string> Plant { get; init; } = static (_, text) => text;

    /// <summary>Puts something between clients and a node's tracker.</summary>
    public Func<ICostTracker, ICostTracker> Wrap { get; init; } = static tracker => tracker;

    /// <summary>True: the steady clocks of nodes stand still after a while.</summary>
    public bool StopsClocks { get; init; }

    /// <summary>How many holds nodes decided on by themselves, of all runs.</summary>
    public static long DecidedByNodes { get; set; }

    /// <summary>False: nothing goes wrong but the order of things.</summary>
    public bool HasFaults { get; init; } = true;
}

/// <summary>Some nodes on one server, from the first request until all is at rest.</summary>
internal sealed class RedisWorld
{
    private const int Nodes = 3;
    private const int Acts = 90;

    // Nobody borrows who seldom asks: then there is more of smaller things in less time.
    private const int BusyActs = 180;
    private const int BurstActs = 100;
    private const int BusyPart = 12;

    private readonly Scheduler _scheduler;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2027, 3, 31, 23, 59, 30, TimeSpan.Zero));
    private readonly SimulatedRedis _server;
    private readonly RedisRun _run;
    private readonly Member[] _nodes = new Member[Nodes];
    private readonly Account[] _accounts;
    private readonly Auditor _auditor;
    private Faults _faults;
    private int _lives;

    public RedisWorld(int seed, IDatabase database, RedisRun run)
    {
        _run = run;
        _scheduler = new Scheduler(seed);
        _server = new SimulatedRedis(database, _time, run.Plant);
        _server.Clear();
        _faults = run.HasFaults ? Faults.Of(_scheduler.Random, run.FailsOver) : new Faults();
        long[] limits = [1_000, 500];
        _accounts =
        [
            new Account(new BudgetTerms { Name = "org", Unit = BudgetUnit.Usd, Window = WindowSpec.Total }, [], limits[0]),
            new Account(new BudgetTerms { Name = "user", Unit = BudgetUnit.Usd, Window = WindowSpec.Total, Per = ["User"] }, ["ann"], limits[1]),
        ];
        _auditor = new Auditor(limits) { Borrows = run.Borrows, AllowsLoss = run.FailsOver };
        for (int i = 0; i < Nodes; i++)
        {
            _nodes[i] = Start();
        }
    }

    /// <summary>What went wrong; null if nothing did.</summary>
    public async Task<string?> RunAsync()
    {
        var work = new Workload(_scheduler, _auditor, _accounts, () =>
        {
            Member one = _nodes[_scheduler.Random.Next(Nodes)];
            return (one.Front, one.Life);
        }, isShared: !_run.Borrows, part: _run.Borrows ? BusyPart : 1);
        int acts = _run.Borrows ? BusyActs : Acts;
        for (int act = 0; act < acts && _auditor.Violation is null; act++)
        {
            work.Act();
            Happen(_run.Borrows && act < BurstActs ? 25 : 600);
            for (int i = _scheduler.Random.Next(8); i > 0; i--)
            {
                _scheduler.Step();
            }

            for (int i = 0; i < _accounts.Length; i++)
            {
                _auditor.Counts(i, _server.UsedOf(new RedisAccount("bg1:{sim}:", _accounts[i])));
            }
        }

        return _auditor.Violation ?? await RestAsync();
    }

    private void Happen(int most)
    {
        TimeSpan passes = _scheduler.Chance(_faults.Jumps) ? TimeSpan.FromSeconds(_scheduler.Random.Next(20, 90)) : TimeSpan.FromMilliseconds(_scheduler.Random.Next(most));
        _time.Advance(passes);
        if (_scheduler.Chance(_faults.Crashes))
        {
            int which = _scheduler.Random.Next(Nodes);
            _nodes[which].Transport.IsDead = true;
            _auditor.Died(_nodes[which].Life);
            _nodes[which] = Start();
        }

        if (_scheduler.Chance(_faults.FailsOver))
        {
            _server.Lose(_scheduler.Random.Next(1, 12));
        }

        if (_run.StopsClocks && _scheduler.Chance(10))
        {
            _nodes[_scheduler.Random.Next(Nodes)].Clock.Stop();
        }
    }

    /// <summary>Mends everything, lets all that is on its way arrive, and all time pass; then the books have to be right.</summary>
    private async Task<string?> RestAsync()
    {
        RedisRun.DecidedByNodes += _nodes.Sum(static node => (node.Front as LeasedCostTracker)?.Decided.Local ?? 0);
        _faults = new Faults();
        for (int round = 0; round < 40; round++)
        {
            Drain();
            _time.Advance(TimeSpan.FromSeconds(4));
        }

        Drain();
        var reader = new SimulatedTransport(_scheduler, _server, () => _faults);
        await using var last = new RedisCostTracker(reader, "sim", _time, static () => ExpiredHolds.Charge, null, new RedisSignals(NullLogger.Instance), sendsTime: true);
        for (int i = 0; i < _accounts.Length; i++)
        {
            Task<AccountState> reading = last.ReadAsync(_accounts[i], CancellationToken.None).AsTask();
            Drain();
            _auditor.AtRest(i, await reading);
        }

        // The nodes are left as they are: nobody waits for them any more.
        return _auditor.Violation;
    }

    private void Drain()
    {
        for (int i = 0; i < 20_000 && _scheduler.Step();)
        {
            i++;
        }
    }

    private Member Start()
    {
        var clock = new NodeClock(_time, TimeSpan.FromMilliseconds(_scheduler.Random.Next(-3_000, 3_000)));
        var transport = new SimulatedTransport(_scheduler, _server, () => _faults);
        var signals = new RedisSignals(NullLogger.Instance);
        var direct = new RedisCostTracker(transport, "sim", clock, static () => ExpiredHolds.Charge, null, signals, sendsTime: true);
        ICostTracker tracker = _run.Borrows ? new LeasedCostTracker(direct, clock, static () => ExpiredHolds.Charge, signals) : direct;
        return new Member(_run.Wrap(tracker), transport, clock, ++_lives);
    }

    private sealed record Member(ICostTracker Front, SimulatedTransport Transport, NodeClock Clock, int Life);
}
