using BudgetGuard.Api.Deciding;
using Microsoft.Data.Sqlite;

namespace BudgetGuard.Sqlite;

/// <summary>The statements on the notes of holds, each prepared once. What is kept no longer is not found.</summary>
internal sealed class NoteCommands : IDisposable
{
    private const string Columns = "id, name, details, expires, grown, how, cost, tokens, requests, settled_with";

    private readonly List<SqliteCommand> _all = [];
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _find;
    private readonly SqliteCommand _findNamed;
    private readonly SqliteCommand _forgetNamed;
    private readonly SqliteCommand _add;
    private readonly SqliteCommand _grow;
    private readonly SqliteCommand _end;
    private readonly SqliteCommand _remove;
    private readonly SqliteCommand _forget;

    public NoteCommands(SqliteConnection connection)
    {
        _connection = connection;
        _find = Prepare($"SELECT {Columns} FROM notes WHERE id = @0 AND kept_until > @1", 2);
        _findNamed = Prepare($"SELECT {Columns} FROM notes WHERE name = @0 AND kept_until > @1", 2);
        _forgetNamed = Prepare("DELETE FROM notes WHERE name = @0 AND kept_until <= @1", 2);
        _add = Prepare("INSERT INTO notes (id, name, details, expires, grown, kept_until) VALUES (@0, @1, @2, @3, 0, @4) ON CONFLICT (name) DO NOTHING", 5);
        _grow = Prepare("UPDATE notes SET grown = grown + @1, expires = @2, kept_until = @3 WHERE id = @0", 4);
        _end = Prepare("UPDATE notes SET how = @1, cost = @2, tokens = @3, requests = @4, settled_with = @5, kept_until = @6 WHERE id = @0", 7);
        _remove = Prepare("DELETE FROM notes WHERE id = @0", 1);
        _forget = Prepare("DELETE FROM notes WHERE kept_until <= @0", 1);
    }

    public void Begin(SqliteTransaction transaction)
    {
        foreach (SqliteCommand command in _all)
        {
            command.Transaction = transaction;
        }
    }

    public KeptNote? Find(string id, long now) => Read(Bind(_find, id, now));

    public KeptNote? FindNamed(string name, long now) => Read(Bind(_findNamed, name, now));

    public bool TryAdd(KeptNote note, long now, long keptUntil)
    {
        if (note.Name is not null)
        {
            Bind(_forgetNamed, note.Name, now).ExecuteNonQuery();
        }

        return Bind(_add, note.Id, note.Name, note.Details, note.ExpiresAt.UtcTicks, keptUntil).ExecuteNonQuery() == 1;
    }

    public void Grow(string id, long more, long expires, long keptUntil) => Bind(_grow, id, more, expires, keptUntil).ExecuteNonQuery();

    public (NotedEnd End, bool IsNew)? End(string id, NotedEnd end, long now, long keptUntil)
    {
        if (Find(id, now) is not { } note)
        {
            return null;
        }

        if (note.End is { } before && before.How >= end.How)
        {
            return (before, false);
        }

        Bind(_end, id, (long)end.How, end.Charge.Cost.Nanos, end.Charge.Tokens, end.Charge.Requests, end.With, keptUntil).ExecuteNonQuery();
        return (end, true);
    }

    public void Remove(string id) => Bind(_remove, id).ExecuteNonQuery();

    public void Forget(long now) => Bind(_forget, now).ExecuteNonQuery();

    public void Dispose()
    {
        foreach (SqliteCommand command in _all)
        {
            command.Dispose();
        }
    }

    private static KeptNote? Read(SqliteCommand command)
    {
        using SqliteDataReader row = command.ExecuteReader();
        return !row.Read()
            ? null
            : new KeptNote(
                row.GetString(0),
                row.IsDBNull(1) ? null : row.GetString(1),
                (byte[])row[2],
                new DateTimeOffset(row.GetInt64(3), TimeSpan.Zero),
                Money.FromNanos(row.GetInt64(4)),
                row.IsDBNull(5)
                    ? null
                    : new NotedEnd((HoldEnd)row.GetInt64(5), new Charge(Money.FromNanos(row.GetInt64(6)), row.GetInt64(7), row.GetInt64(8)), (byte[])row[9]));
    }

    private static SqliteCommand Bind(SqliteCommand command, params ReadOnlySpan<object?> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        }

        return command;
    }

    private SqliteCommand Prepare(string text, int count)
    {
        SqliteCommand command = _connection.CreateCommand();
        command.CommandText = text;
        for (int i = 0; i < count; i++)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = $"@{i}" });
        }

        _all.Add(command);
        return command;
    }
}
