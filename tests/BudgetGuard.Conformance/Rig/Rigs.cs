using BudgetGuard.Accounting;
using BudgetGuard.Redis.Tests;
using BudgetGuard.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace BudgetGuard.Conformance;

public sealed class MemoryRig : TrackerRig
{
    public override Task StartAsync()
    {
        Tracker = new InMemoryCostTracker(Time, () => Expired);
        return Task.CompletedTask;
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

public sealed class SqliteRig : TrackerRig
{
    private readonly string _folder = Directory.CreateTempSubdirectory("budgetguard-").FullName;

    public override bool IsDurable => true;

    public override Task StartAsync()
    {
        string path = Path.Combine(_folder, "budgets.db");
        Tracker = new SqliteCostTracker(
            () => SqliteJournalFile.Open(path, Durability.Strict), path, Durability.Strict, Time, () => Expired, new StoreSignals(NullLogger.Instance, path));
        return Task.CompletedTask;
    }

    public override async Task RestartAsync()
    {
        await ((SqliteCostTracker)Tracker).CrashAsync();
        await StartAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await ((SqliteCostTracker)Tracker).DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

public sealed class RedisRig : TrackerRig
{
    private static readonly Lazy<Task<RedisServer>> _server = new(LaunchAsync);
    private static int _trees;

    private readonly string _tree = $"conformance{Interlocked.Increment(ref _trees)}";
    private Node? _node;

    public override long MostLimit => 9_000_000_000_000_000;

    public override bool IsDurable => true;

    public override bool IsShared => true;

    public override async Task StartAsync()
    {
        _node = await Node.StartAsync((await _server.Value).Address, Time, _tree, sendsTime: true, () => Expired);
        Tracker = _node.Tracker;
    }

    public override async Task RestartAsync()
    {
        await _node!.DisposeAsync();
        await StartAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        if (_node is not null)
        {
            await _node.DisposeAsync();
        }
    }

    private static async Task<RedisServer> LaunchAsync()
    {
        RedisServer server = await RedisServer.StartAsync();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.Kill();
        return server;
    }
}
