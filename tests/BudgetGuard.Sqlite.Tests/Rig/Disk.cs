using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Sqlite.Tests;

/// <summary>A folder with a file of budgets, and the trackers of the processes that had it one after the other.</summary>
internal sealed class Disk : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("budgetguard-").FullName;
    private SqliteCostTracker? _tracker;

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 10, 12, 0, 0, TimeSpan.Zero));

    public FakeLogCollector Log { get; } = new();

    /// <summary>What is logged goes there instead of to <see cref="Log"/>.</summary>
    public ILogger? Logger { get; set; }

    public string Path => System.IO.Path.Combine(_folder, "budgets.db");

    public ExpiredHolds ExpiredHolds { get; set; } = ExpiredHolds.Charge;

    public Durability Durability { get; set; } = Durability.Strict;

    /// <summary>What stands between the tracker and the file.</summary>
    public Func<IJournalFile, IJournalFile> Wrap { get; set; } = static file => file;

    public SqliteCostTracker Tracker => _tracker ??= Start();

    public SqliteCostTracker Start() => Start(file => Wrap(file));

    /// <summary>Another process, with nothing between it and the file.</summary>
    public SqliteCostTracker StartOther() => Start(static file => file);

    private SqliteCostTracker Start(Func<IJournalFile, IJournalFile> wrap)
    {
        ILogger logger = Logger ?? new FakeLogger(Log);
        return new SqliteCostTracker(
            () => wrap(SqliteJournalFile.Open(Path, Durability)), Path, Durability, Time, () => ExpiredHolds, new StoreSignals(logger, Path));
    }

    /// <summary>A new process on the same file, after the old one was shut down.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        _tracker = Start();
    }

    /// <summary>A new process on the same file, after the old one broke down.</summary>
    public async Task CrashAsync()
    {
        if (_tracker is { } tracker)
        {
            await tracker.CrashAsync();
        }

        _tracker = Start();
    }

    public async Task StopAsync()
    {
        if (_tracker is { } tracker)
        {
            _tracker = null;
            await tracker.DisposeAsync();
        }
    }

    public void Run(string text)
    {
        using var connection = new SqliteConnection($"Data Source={Path};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    public long Read(string text)
    {
        using var connection = new SqliteConnection($"Data Source={Path};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        return (long)command.ExecuteScalar()!;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
