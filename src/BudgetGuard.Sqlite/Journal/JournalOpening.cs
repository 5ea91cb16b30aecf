using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace BudgetGuard.Sqlite;

/// <summary>
/// Opens the budgets' file: for this process alone, as durable as it was asked for, and nothing in it changed before it is known to be ours and good.
/// </summary>
internal static class JournalOpening
{
    // "BdGd"
    private const long ApplicationId = 0x42644764;

    private const int Error = 1;
    private const int Busy = 5;
    private const int Corrupt = 11;
    private const int Mismatch = 20;
    private const int NoDatabase = 26;

    /// <summary>True if the file is to blame, false if it is the disk, the memory or the rights: then there is nothing to be restored, and nothing to be moved away.</summary>
    public static bool IsDamage(SqliteException failure) => failure.SqliteErrorCode is Error or Corrupt or Mismatch or NoDatabase;

    /// <param name="path">Where the file is.</param>
    /// <param name="durability">How durable it is to be.</param>
    /// <param name="mustExist">True where it was there before: a new one in its place would be one in which nothing was ever spent.</param>
    public static SqliteConnection Open(string path, Durability durability, bool mustExist)
    {
        string folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"The budgets cannot be kept in '{path}': there is no folder '{folder}'. Make it, or set BudgetGuard:Sqlite:Path.");
        }

        if (mustExist && !File.Exists(path))
        {
            throw new FileNotFoundException($"'{path}' is gone. Nothing is written until it is back.", path);
        }

        CheckLog(path);
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 1 }.ToString());
        try
        {
            connection.Open();
            raw.sqlite3_db_config(connection.Handle!, raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _);
            Prepare(connection, path, durability);
            return connection;
        }
        catch (SqliteException failure)
        {
            connection.Dispose();
            throw failure.SqliteErrorCode switch
            {
                Busy => new IOException($"'{path}' is open in another process. A file of budgets has one; give this one a file of its own, or share budgets in Redis.", failure),
                Corrupt or NoDatabase => new InvalidDataException(
                    $"'{path}' is damaged, or no SQLite file. It was left as it is. Restore it from a backup, or move it away to begin without what was spent.", failure),
                _ => new IOException($"'{path}' cannot be opened: {failure.Message}", failure),
            };
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The file is good: its log may be worked into it, now and when it is closed.</summary>
    public static void Accept(SqliteConnection connection)
    {
        raw.sqlite3_db_config(connection.Handle!, raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, out _);

        // After a failed commit pages may be known to the system but not to the disk: they are written to the file itself, and that is synced.
        Pragmas.Run(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
    }

    /// <summary>SQLite takes a log away that has no file, or an empty one. What was acknowledged may be nowhere else.</summary>
    private static void CheckLog(string path)
    {
        var log = new FileInfo(path + "-wal");
        if (log is { Exists: true, Length: > 0 } && new FileInfo(path) is { Exists: false } or { Length: 0 })
        {
            throw new InvalidDataException(
                $"'{path}' is missing or empty, but its log '{log.FullName}' is there. It was left as it is. Put the file back that belongs to it, or move the log away too"
                + " to begin without what was spent.");
        }
    }

    private static void Prepare(SqliteConnection connection, string path, Durability durability)
    {
        Pragmas.Set(connection, "locking_mode", "exclusive");
        long application = Pragmas.Number(connection, "PRAGMA application_id");
        long version = Pragmas.Number(connection, "PRAGMA user_version");
        bool isEmpty = Pragmas.Number(connection, "SELECT COUNT(*) FROM sqlite_master") == 0;
        if (application != ApplicationId && !(isEmpty && application == 0 && version == 0))
        {
            throw new InvalidDataException($"'{path}' is a database, but holds no budgets. It was left as it is; set BudgetGuard:Sqlite:Path to another file.");
        }

        if (version > Migrations.Budgets.Latest)
        {
            throw new InvalidDataException(
                $"'{path}' was written by a newer version: its format is {version}, this one knows {Migrations.Budgets.Latest}. It was left as it is.");
        }

        if (durability == Durability.Strict && LogCheck.HasHole(path + "-wal"))
        {
            throw new InvalidDataException(
                $"'{path}-wal', the log of '{path}', is damaged: commits were acknowledged after the part that cannot be read. It was left as it is. Restore both from a backup,"
                + " or start once with Durability Relaxed to go on with what was written before it.");
        }

        Pragmas.Set(connection, "journal_mode", "wal");
        Pragmas.Set(connection, "synchronous", durability == Durability.Strict ? "2" : "1", durability == Durability.Strict ? "FULL" : "NORMAL");
        Pragmas.Set(connection, "fullfsync", "1");
        Pragmas.Set(connection, "checkpoint_fullfsync", "1");
        Pragmas.Set(connection, "wal_autocheckpoint", "4000");
        Pragmas.Set(connection, "temp_store", "2", "MEMORY");
        Migrations.Budgets.Apply(connection, ApplicationId);
    }
}
