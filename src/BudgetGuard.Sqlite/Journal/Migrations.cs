using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;

namespace BudgetGuard.Sqlite;

/// <summary>The steps by which a file comes to the newest format, each in a transaction of its own with the number it brings the file to.</summary>
internal sealed class Migrations(params string[] steps)
{
    public static Migrations Budgets { get; } = new("001_accounts.sql");

    public static Migrations History { get; } = new("101_history.sql");

    /// <summary>The newest format.</summary>
    public int Latest => steps.Length;

    public void Apply(SqliteConnection connection, long applicationId, long version)
    {
        for (long next = version; next < Latest; next++)
        {
            using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
            using SqliteCommand command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = new StringBuilder(Read(steps[next]))
                .Append(CultureInfo.InvariantCulture, $"PRAGMA application_id = {applicationId};PRAGMA user_version = {next + 1};").ToString();
            command.ExecuteNonQuery();
            transaction.Commit();
        }
    }

    private static string Read(string name)
    {
        using Stream stream = typeof(Migrations).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The step {name} is missing.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
