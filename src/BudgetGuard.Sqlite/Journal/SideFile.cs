using Microsoft.Data.Sqlite;

namespace BudgetGuard.Sqlite;

/// <summary>Opens a file beside the budgets': to write, made and brought to the newest format if need be; or to read beside the writer. What is not ours is left as it is.</summary>
/// <param name="applicationId">What marks such a file.</param>
/// <param name="migrations">How it comes to its newest format.</param>
/// <param name="contents">What it holds, for messages.</param>
internal sealed class SideFile(long applicationId, Migrations migrations, string contents)
{
    /// <summary>What was decided and spent: "BdGh".</summary>
    public static SideFile History { get; } = new(0x42644768, Migrations.History, "history of budgets");

    /// <summary>Notes of the API's holds: "BdGn".</summary>
    public static SideFile Notes { get; } = new(0x4264476E, Migrations.Notes, "holds of budgets");

    /// <summary>Where such a file is: beside the budgets', with its name and an ending.</summary>
    public static string PathBeside(string budgets, string ending) =>
        Path.Combine(Path.GetDirectoryName(budgets) ?? "", Path.GetFileNameWithoutExtension(budgets) + ending);

    /// <param name="path">The file.</param>
    /// <param name="isSynced">True if what is committed outlasts a power cut.</param>
    public SqliteConnection OpenToWrite(string path, bool isSynced) => Open(path, SqliteOpenMode.ReadWriteCreate, connection =>
    {
        VersionOf(connection, path);
        Pragmas.Set(connection, "journal_mode", "wal");
        Pragmas.Set(connection, "synchronous", isSynced ? "2" : "1", isSynced ? "FULL" : "NORMAL");
        Pragmas.Set(connection, "fullfsync", isSynced ? "1" : "0");
        Pragmas.Set(connection, "temp_store", "2", "MEMORY");
        migrations.Apply(connection, applicationId);
        return true;
    })!;

    /// <summary>Null where nothing was written yet.</summary>
    public SqliteConnection? OpenToRead(string path) => !File.Exists(path)
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

    private long VersionOf(SqliteConnection connection, string path)
    {
        // In one transaction, for another connection may be making the file.
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: true);
        long application = Pragmas.Number(connection, "PRAGMA application_id");
        long version = Pragmas.Number(connection, "PRAGMA user_version");
        bool isEmpty = Pragmas.Number(connection, "SELECT COUNT(*) FROM sqlite_master") == 0;
        if (application != applicationId && !(isEmpty && application == 0 && version == 0))
        {
            throw new InvalidDataException($"'{path}' is a database, but holds no {contents}. It was left as it is; move it away.");
        }

        return version <= migrations.Latest
            ? version
            : throw new InvalidDataException($"'{path}' was written by a newer version: its format is {version}, this one knows {migrations.Latest}. It was left as it is.");
    }
}
