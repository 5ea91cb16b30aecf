using System.Globalization;
using Microsoft.Data.Sqlite;

namespace BudgetGuard.Sqlite;

/// <summary>Tells a connection how to behave, and asks it. What it was told is read back, because a library may be built to do otherwise.</summary>
internal static class Pragmas
{
    public static void Set(SqliteConnection connection, string name, string value, string? spelled = null)
    {
        Run(connection, $"PRAGMA {name} = {spelled ?? value}");
        string found = Text(connection, $"PRAGMA {name}");
        if (!found.Equals(value, StringComparison.OrdinalIgnoreCase))
        {
            throw new IOException($"SQLite does not keep {name} at {spelled ?? value}: it is {found}.");
        }
    }

    public static void Run(SqliteConnection connection, string text)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    public static long Number(SqliteConnection connection, string text) => long.Parse(Text(connection, text), CultureInfo.InvariantCulture);

    private static string Text(SqliteConnection connection, string text)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture) ?? "";
    }
}
