using Microsoft.Data.Sqlite;

namespace BudgetGuard.Sqlite;

/// <summary>Opens the history's file: to write, made and brought to the newest format if need be; or to read beside the writer. What is not ours is left as it is.</summary>
internal static class HistoryOpening
{
    // "BdGh"
    private const long ApplicationId = 0x42644768;

    public static SqliteConnection OpenToWrite(string path) => Open(path, SqliteOpenMode.ReadWriteCreate, connection =>
    {
        VersionOf(connection, path);
        Pragmas.Set(connection, "journal_mode", "wal");
        Pragmas.Set(connection, "synchronous", "1", "NORMAL");
        Pragmas.Set(connection, "temp_store", "2", "MEMORY");
        Migrations.History.Apply(connection, ApplicationId);
        return true;
    })!;

    /// <summary>Null where nothing was written yet.</summary>
    public static SqliteConnection? OpenToRead(string path) => !File.Exists(path)
        ? null
        : Open(path, SqliteOpenMode.ReadWrite, connection =>
        {
            Pragmas.Set(connection, "query_only", "1");
            Pragmas.Set(connection, "temp_store", "2", "MEMORY");
            return VersionOf(connection, path) > 0;
        });

    private static SqliteConnection? Open(string path, SqliteOpenMode mode, Func<SqliteConnection, bool> prepare)
    {
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = 5 }.ToString());
        try
        {
            connection.Open();
            if (prepare(connection))
            {
                return connection;
            }
        }
        catch
        {
            connection.Dispose();
            throw;
        }

        connection.Dispose();
        return null;
    }

    private static long VersionOf(SqliteConnection connection, string path)
    {
        // In one transaction, for another connection may be making the file.
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: true);
        long application = Pragmas.Number(connection, "PRAGMA application_id");
        long version = Pragmas.Number(connection, "PRAGMA user_version");
        bool isEmpty = Pragmas.Number(connection, "SELECT COUNT(*) FROM sqlite_master") == 0;
        if (application != ApplicationId && !(isEmpty && application == 0 && version == 0))
        {
            throw new InvalidDataException($"'{path}' is a database, but holds no history of budgets. It was left as it is; move it away.");
        }

        return version <= Migrations.History.Latest
            ? version
            : throw new InvalidDataException($"'{path}' was written by a newer version: its format is {version}, this one knows {Migrations.History.Latest}. It was left as it is.");
    }
}
