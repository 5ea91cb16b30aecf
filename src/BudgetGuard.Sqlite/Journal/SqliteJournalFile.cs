using BudgetGuard.Accounting;
using Microsoft.Data.Sqlite;

namespace BudgetGuard.Sqlite;

/// <summary>The budgets' file: one exclusive connection, one transaction a batch.</summary>
internal sealed class SqliteJournalFile : IJournalFile
{
    private readonly SqliteConnection _connection;
    private readonly JournalCommands _commands;

    private SqliteJournalFile(SqliteConnection connection)
    {
        _connection = connection;
        _commands = new JournalCommands(connection);
    }

    /// <exception cref="IOException">It cannot be opened, or another process has it.</exception>
    /// <exception cref="InvalidDataException">It is damaged, or no file of budgets.</exception>
    public static SqliteJournalFile Open(string path, Durability durability, bool mustExist = false)
    {
        SqliteConnection connection = JournalOpening.Open(path, durability, mustExist);
        try
        {
            return new SqliteJournalFile(connection);
        }
        catch (SqliteException failure) when (!JournalOpening.IsDamage(failure))
        {
            connection.Dispose();
            throw new IOException($"'{path}' cannot be read: {failure.Message}", failure);
        }
        catch (SqliteException failure)
        {
            connection.Dispose();
            throw new InvalidDataException(
                $"'{path}' is damaged: {failure.Message} It was left as it is. Restore it from a backup, or move it away to begin without what was spent.", failure);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public void Accept() => JournalOpening.Accept(_connection);

    public JournalHead ReadHead()
    {
        foreach (SqliteDataReader row in Rows("SELECT batch, latest, records, checksum FROM journal"))
        {
            return new JournalHead(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), (ulong)row.GetInt64(3));
        }

        throw new InvalidDataException("The file of the budgets has no head.");
    }

    public IEnumerable<BudgetRow> ReadBudgets()
    {
        foreach (SqliteDataReader row in Rows("SELECT id, name, details, checksum FROM budgets ORDER BY id"))
        {
            yield return new BudgetRow(row.GetInt64(0), row.GetString(1), (byte[])row[2], (ulong)row.GetInt64(3));
        }
    }

    public IEnumerable<AccountRow> ReadAccounts()
    {
        foreach (SqliteDataReader row in Rows(
            "SELECT id, budget, partition, place, limited, window, starts, ends, settled, held, debt, details, checksum FROM accounts ORDER BY id"))
        {
            yield return new AccountRow(
                row.GetInt64(0), row.GetInt64(1), row.GetString(2), (AccountPlace)row.GetInt64(3), row.GetInt64(4), Figures(row, 5), (byte[])row[11],
                (ulong)row.GetInt64(12));
        }
    }

    public IEnumerable<PastWindowRow> ReadPastWindows()
    {
        foreach (SqliteDataReader row in Rows(
            "SELECT account, window, starts, ends, settled, held, debt, details, checksum FROM past_windows ORDER BY account, window"))
        {
            yield return new PastWindowRow(row.GetInt64(0), Figures(row, 1), (byte[])row[7], (ulong)row.GetInt64(8));
        }
    }

    public IEnumerable<HoldRow> ReadHolds()
    {
        foreach (SqliteDataReader row in Rows("SELECT slot, state, at, details, checksum FROM holds ORDER BY at, slot"))
        {
            yield return new HoldRow(row.GetInt64(0), (HoldState)row.GetInt64(1), row.GetInt64(2), (byte[])row[3], (ulong)row.GetInt64(4));
        }
    }

    public IEnumerable<ClaimRow> ReadClaims()
    {
        foreach (SqliteDataReader row in Rows("SELECT claim, until, checksum FROM claims ORDER BY until, claim"))
        {
            yield return new ClaimRow(row.GetString(0), row.GetInt64(1), (ulong)row.GetInt64(2));
        }
    }

    public void Write(JournalBatch batch)
    {
        using SqliteTransaction transaction = _connection.BeginTransaction(deferred: false);
        _commands.Run(batch, transaction);
        transaction.Commit();
    }

    public void Dispose()
    {
        _commands.Dispose();
        _connection.Dispose();
    }

    private static WindowFigures Figures(SqliteDataReader row, int at) => new(
        row.GetInt64(at), row.GetInt64(at + 1), row.GetInt64(at + 2), row.GetInt64(at + 3), row.GetInt64(at + 4), row.GetInt64(at + 5));

    private IEnumerable<SqliteDataReader> Rows(string text)
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = text;
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            yield return reader;
        }
    }
}
