using BudgetGuard.Diagnostics;
using Microsoft.Data.Sqlite;

namespace BudgetGuard.Sqlite;

/// <summary>
/// Keeps the history in a file beside the budgets', so that neither waits for the other. It is no ledger: a power cut may take the last seconds, and a file that
/// cannot be used stops nothing. After a failure it is opened anew.
/// </summary>
internal sealed class SqliteHistoryStore(string path) : IGuardHistoryStore, IDisposable
{
    /// <summary>How many decisions are kept.</summary>
    public const int MostDecisions = 4_096;

    /// <summary>How long sums are kept.</summary>
    public const int Months = 13;

    private const int Corrupt = 11;
    private const int NoDatabase = 26;

    private readonly Lock _gate = new();
    private SqliteConnection? _connection;
    private HistoryCommands? _commands;
    private long _forgotAt;
    private volatile bool _isOver;

    /// <summary>The file of the history that belongs to a file of budgets.</summary>
    public static string PathBeside(string budgets) => SideFile.PathBeside(budgets, "-history.db");

    public Task WriteAsync(HistoryBatch batch) => Task.Run(() => Write(batch));

    public Task<List<DecisionEntry>> ReadDecisionsAsync(int most, CancellationToken cancellationToken) =>
        Task.Run(() => Translated(() => HistoryQueries.ReadDecisions(path, most)), cancellationToken);

    public Task ReadSpendAsync(DateTimeOffset from, DateTimeOffset to, Action<HourSpend> visit, CancellationToken cancellationToken) =>
        Task.Run(
            () => Translated(() =>
            {
                HistoryQueries.ReadSpend(path, from, to, visit, cancellationToken);
                return true;
            }),
            cancellationToken);

    public void Dispose()
    {
        // A write that hangs closes the file itself, if it ever ends.
        _isOver = true;
        if (!_gate.TryEnter(TimeSpan.FromSeconds(1)))
        {
            return;
        }

        try
        {
            Close();
        }
        finally
        {
            _gate.Exit();
        }
    }

    private void Write(HistoryBatch batch)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isOver, this);
            try
            {
                Translated(() => WriteOpen(batch));
            }
            catch
            {
                Close();
                throw;
            }

            if (_isOver)
            {
                Close();
            }
        }
    }

    private bool WriteOpen(HistoryBatch batch)
    {
        _connection ??= SideFile.History.OpenToWrite(path, isSynced: false);
        _commands ??= new HistoryCommands(_connection);
        using SqliteTransaction transaction = _connection.BeginTransaction(deferred: false);
        bool isNew = _commands.Run(batch, transaction);
        if (isNew && batch.Decided.Count > 0)
        {
            _commands.ForgetDecisions(MostDecisions);
        }

        long hour = batch.At.UtcTicks / TimeSpan.TicksPerHour;
        if (isNew && hour != _forgotAt)
        {
            _commands.ForgetBefore(batch.At.Year > 2 ? batch.At.AddMonths(-Months) : DateTimeOffset.MinValue);
            _forgotAt = hour;
        }

        transaction.Commit();
        return isNew;
    }

    private T Translated<T>(Func<T> step)
    {
        try
        {
            return step();
        }
        catch (SqliteException failure)
        {
            throw failure.SqliteErrorCode is Corrupt or NoDatabase
                ? new InvalidDataException(
                    $"'{path}' is damaged, or no SQLite file. It was left as it is. Restore it from a backup, or move it away to begin without what was decided and spent.", failure)
                : new IOException($"The history in '{path}' cannot be used: {failure.Message}", failure);
        }
    }

    private void Close()
    {
        _commands?.Dispose();
        _connection?.Dispose();
        (_commands, _connection) = (null, null);
    }
}
