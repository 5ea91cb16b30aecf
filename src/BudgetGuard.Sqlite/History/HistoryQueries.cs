using BudgetGuard.Diagnostics;
using Microsoft.Data.Sqlite;

namespace BudgetGuard.Sqlite;

/// <summary>Reads the history, each time on a connection of its own: a long answer keeps nobody from writing.</summary>
internal static class HistoryQueries
{
    public static List<DecisionEntry> ReadDecisions(string path, int most)
    {
        using SqliteConnection? connection = SideFile.History.OpenToRead(path);
        List<DecisionEntry> found = [];
        if (connection is null)
        {
            return found;
        }

        using SqliteCommand command = Command(
            connection, "SELECT ticket, at, user, operation, model, kind, budget, estimated, cost, reason FROM decisions ORDER BY id DESC LIMIT @0", most);
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            found.Add(new DecisionEntry
            {
                Ticket = row.GetInt64(0),
                At = new DateTimeOffset(row.GetInt64(1), TimeSpan.Zero),
                User = TextOf(row, 2),
                Operation = row.GetString(3),
                Model = TextOf(row, 4),
                Kind = (DecisionKind)row.GetInt64(5),
                Budget = TextOf(row, 6),
                Estimated = Money.FromNanos(row.GetInt64(7)),
                Cost = row.IsDBNull(8) ? null : Money.FromNanos(row.GetInt64(8)),
                Reason = TextOf(row, 9),
            });
        }

        return found;
    }

    public static void ReadSpend(string path, DateTimeOffset from, DateTimeOffset to, Action<HourSpend> visit, CancellationToken cancellationToken)
    {
        using SqliteConnection? connection = SideFile.History.OpenToRead(path);
        if (connection is null)
        {
            return;
        }

        using SqliteCommand command = Command(
            connection,
            "SELECT hour, spend_key, requests, denied, input_tokens, output_tokens, cost_usd, cost_nanos, details FROM spend JOIN spend_keys ON id = spend_key"
            + " WHERE hour >= @0 AND hour < @1 ORDER BY hour",
            FirstFrom(from), FirstFrom(to));
        var keys = new Dictionary<long, SpendKey>();
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            cancellationToken.ThrowIfCancellationRequested();
            long id = row.GetInt64(1);
            if (!keys.TryGetValue(id, out SpendKey key))
            {
                keys.Add(id, key = SpendKeyText.Parse(row.GetString(8)));
            }

            visit(new HourSpend(new DateTime(row.GetInt64(0) * TimeSpan.TicksPerHour, DateTimeKind.Utc), key, HistoryCommands.SumOf(row, 2)));
        }
    }

    /// <summary>The first hour that begins at a time or later.</summary>
    private static long FirstFrom(DateTimeOffset time) => (time.UtcTicks + TimeSpan.TicksPerHour - 1) / TimeSpan.TicksPerHour;

    private static string? TextOf(SqliteDataReader row, int at) => row.IsDBNull(at) ? null : row.GetString(at);

    private static SqliteCommand Command(SqliteConnection connection, string text, params ReadOnlySpan<long> values)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        for (int i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue($"@{i}", values[i]);
        }

        return command;
    }
}
