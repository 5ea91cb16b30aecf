using BudgetGuard.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Simulation;

/// <summary>One process with its budgets in a file, that breaks down wherever it is; the disk is slow, fails, or did what it says it did not.</summary>
internal sealed class DiskWorld(int seed, bool forgetsToWait = false) : IAsyncDisposable
{
    private const int Acts = 120;

    private readonly Scheduler _scheduler = new(seed);
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2027, 3, 31, 23, 59, 30, TimeSpan.Zero));
    private readonly SimulatedDisk _disk = new();
    private readonly Account[] _accounts =
    [
        new(new BudgetTerms { Name = "org", Unit = BudgetUnit.Usd, Window = WindowSpec.Total }, [], 1_000),
        new(new BudgetTerms { Name = "user", Unit = BudgetUnit.Usd, Window = WindowSpec.Total, Per = ["User"] }, ["ann"], 500),
    ];

    private Faults _faults = new();
    private SqliteCostTracker _tracker = null!;
    private Func<ValueTask> _crash = null!;
    private Action _wake = null!;
    private int _life;

    public async Task<string?> RunAsync()
    {
        var auditor = new Auditor([1_000, 500]);
        Start();
        _faults = Faults.Of(_scheduler.Random, mayFailOver: false);
        auditor.MayForgetClaims = _faults.DiskFails > 0;
        var work = new Workload(_scheduler, auditor, _accounts, () => (_tracker, _life), isShared: false);
        for (int act = 0; act < Acts && auditor.Violation is null; act++)
        {
            work.Act();
            _time.Advance(_scheduler.Chance(_faults.Jumps) ? TimeSpan.FromSeconds(60) : TimeSpan.FromMilliseconds(_scheduler.Random.Next(600)));
            if (_scheduler.Chance(_faults.Crashes))
            {
                auditor.Died(_life);
                await _crash();
                Start();
            }

            for (int i = _scheduler.Random.Next(4); i > 0; i--)
            {
                _scheduler.Step();
            }
        }

        if (auditor.Violation is not null)
        {
            return auditor.Violation;
        }

        _faults = new Faults();
        for (int round = 0; round < 60; round++)
        {
            Drain();
            _time.Advance(TimeSpan.FromSeconds(1));
            _wake();
        }

        Drain();
        for (int i = 0; i < _accounts.Length; i++)
        {
            auditor.AtRest(i, await _tracker.ReadAsync(_accounts[i], CancellationToken.None));
        }

        // And once more after a start on what the disk has.
        await _crash();
        Start();
        for (int i = 0; i < _accounts.Length; i++)
        {
            auditor.AtRest(i, await _tracker.ReadAsync(_accounts[i], CancellationToken.None));
        }

        return auditor.Violation;
    }

    public ValueTask DisposeAsync() => _crash();

    private void Drain()
    {
        while (_scheduler.Step())
        {
        }
    }

    private void Start()
    {
        _life++;
        while (true)
        {
            try
            {
                _tracker = Open();
                return;
            }
            catch (IOException)
            {
                // The disk failed while it was started: it is started again.
            }
        }
    }

    private SqliteCostTracker Open() =>
        new SqliteCostTracker(
            () => _disk.Open(() => _scheduler.Chance(_faults.DiskFails), () => _scheduler.Random.Next(2) == 0),
            "simulated",
            forgetsToWait ? Durability.Relaxed : Durability.Strict,
            _time,
            static () => ExpiredHolds.Charge,
            new StoreSignals(NullLogger.Instance, "simulated"),
            drive: Drive);

    private Driver Drive(JournalPump pump)
    {
        var driver = new Driver(pump, _scheduler);
        (_crash, _wake) = (driver.CrashAsync, driver.Wake);
        return driver;
    }

    /// <summary>Writes when the seed says so.</summary>
    private sealed class Driver(JournalPump pump, Scheduler scheduler) : IJournalDriver
    {
        private bool _isAwake;
        private bool _isOver;

        public void Wake()
        {
            if (!_isAwake && !_isOver)
            {
                _isAwake = true;
                scheduler.Add(Step);
            }
        }

        public ValueTask DisposeAsync() => CrashAsync();

        public ValueTask CrashAsync()
        {
            _isOver = true;
            pump.Close();
            return ValueTask.CompletedTask;
        }

        private void Step()
        {
            _isAwake = false;
            if (!_isOver && pump.Step() == JournalStep.Down)
            {
                Wake();
            }
        }
    }
}
