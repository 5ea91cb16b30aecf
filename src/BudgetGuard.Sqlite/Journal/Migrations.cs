using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;

namespace BudgetGuard.Sqlite;

/// <summary>The steps by which a file comes to the newest format, each in a transaction of its own with the number it brings the file to.</summary>
internal sealed class Migrations(params string[] steps)
{
    public static Migrations Budgets { get; } = new("001_accounts.sql");

    public static Migrations History { get; } = new("101_history.sql");

    public static Migrations Notes { get; } = new("201_notes.sql");

    /// <summary>The newest format.</summary>
    public int Latest => steps.Length;

    /// <summary>Takes the steps that are left; one that another connection takes meanwhile is not taken again.</summary>
    public void Apply(SqliteConnection connection, long applicationId)
    {
        while (VersionOf(connection) < Latest)
        {
            using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
            long version = VersionOf(connection);
            if (version < Latest)
            {
                Pragmas.Run(connection, new StringBuilder(Read(steps[version]))
                    .Append(CultureInfo.InvariantCulture, $"PRAGMA application_id = {applicationId};PRAGMA user_version = {version + 1};").ToString());
            }

            transaction.Commit();
        }
    }

    private static long VersionOf(SqliteConnection connection) => Pragmas.Number(connection, "PRAGMA user_version");

    private static string Read(string name)
    {
        using Stream stream = typeof(Migrations).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The step {name} is missing.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
