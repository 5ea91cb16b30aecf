using BudgetGuard.Diagnostics;
using Microsoft.Data.Sqlite;

namespace BudgetGuard.Sqlite;

/// <summary>The statements that write the history, each prepared once.</summary>
internal sealed class HistoryCommands : IDisposable
{
    private const long NanosPerUsd = 1_000_000_000;

    private readonly List<SqliteCommand> _all = [];
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _findWriter;
    private readonly SqliteCommand _putWriter;
    private readonly SqliteCommand _addDecision;
    private readonly SqliteCommand _settleDecision;
    private readonly SqliteCommand _findKey;
    private readonly SqliteCommand _putKey;
    private readonly SqliteCommand _findSum;
    private readonly SqliteCommand _countSums;
    private readonly SqliteCommand _putSum;

    public HistoryCommands(SqliteConnection connection)
    {
        _connection = connection;
        _findWriter = Prepare("SELECT batch FROM writers WHERE writer = @0", 1);
        _putWriter = Prepare("REPLACE INTO writers (writer, batch, at) VALUES (@0, @1, @2)", 3);
        _addDecision = Prepare(
            "INSERT INTO decisions (writer, ticket, at, user, operation, model, kind, budget, estimated, cost, reason) VALUES (@0, @1, @2, @3, @4, @5, @6, @7, @8, @9, @10)", 11);
        _settleDecision = Prepare("UPDATE decisions SET cost = @0 WHERE writer = @1 AND ticket = @2", 3);
        _findKey = Prepare("SELECT id FROM spend_keys WHERE details = @0", 1);
        _putKey = Prepare(
            "INSERT INTO spend_keys (details, last_hour) VALUES (@0, @1) ON CONFLICT (details) DO UPDATE SET last_hour = MAX(last_hour, @1) RETURNING id", 2);
        _findSum = Prepare("SELECT requests, denied, input_tokens, output_tokens, cost_usd, cost_nanos FROM spend WHERE hour = @0 AND spend_key = @1", 2);
        _countSums = Prepare("SELECT COUNT(*) FROM spend WHERE hour = @0", 1);
        _putSum = Prepare(
            "REPLACE INTO spend (hour, spend_key, requests, denied, input_tokens, output_tokens, cost_usd, cost_nanos) VALUES (@0, @1, @2, @3, @4, @5, @6, @7)", 8);
    }

    /// <summary>Writes a batch; false where it was written before.</summary>
    public bool Run(HistoryBatch batch, SqliteTransaction transaction)
    {
        foreach (SqliteCommand command in _all)
        {
            command.Transaction = transaction;
        }

        byte[] writer = batch.Writer.ToByteArray();
        if (Bind(_findWriter, writer).ExecuteScalar() is long last && last >= batch.Number)
        {
            return false;
        }

        Bind(_putWriter, writer, batch.Number, batch.At.UtcTicks).ExecuteNonQuery();
        foreach (DecisionEntry one in batch.Decided)
        {
            Bind(
                _addDecision, writer, one.Ticket, one.At.UtcTicks, one.User, one.Operation, one.Model, (long)one.Kind, one.Budget, one.Estimated.Nanos, one.Cost?.Nanos,
                one.Reason).ExecuteNonQuery();
        }

        foreach (DecisionCost one in batch.Settled)
        {
            Bind(_settleDecision, one.Cost.Nanos, writer, one.Ticket).ExecuteNonQuery();
        }

        foreach (HourSpend one in batch.Spend)
        {
            Add(one);
        }

        return true;
    }

    /// <summary>Keeps the last decisions and no more.</summary>
    public void ForgetDecisions(long most) => Run("DELETE FROM decisions WHERE id <= (SELECT MAX(id) FROM decisions) - @0", most);

    /// <summary>Forgets the sums of hours before a time, and writers that wrote nothing since.</summary>
    public void ForgetBefore(DateTimeOffset time)
    {
        Run("DELETE FROM spend WHERE hour < @0", time.UtcTicks / TimeSpan.TicksPerHour);
        Run("DELETE FROM spend_keys WHERE last_hour < @0", time.UtcTicks / TimeSpan.TicksPerHour);
        Run("DELETE FROM writers WHERE at < @0", time.UtcTicks);
    }

    public static SpendSum SumOf(SqliteDataReader row, int at) => new()
    {
        Requests = row.GetInt64(at),
        Denied = row.GetInt64(at + 1),
        InputTokens = row.GetInt64(at + 2),
        OutputTokens = row.GetInt64(at + 3),
        CostNanos = ((Int128)row.GetInt64(at + 4) * NanosPerUsd) + row.GetInt64(at + 5),
    };

    public void Dispose()
    {
        foreach (SqliteCommand command in _all)
        {
            command.Dispose();
        }
    }

    private void Add(HourSpend spend)
    {
        long hour = spend.Start.Ticks / TimeSpan.TicksPerHour;
        string details = SpendKeyText.Of(spend.Key);
        SpendSum sum = default;
        if (!(Bind(_findKey, details).ExecuteScalar() is long known && TryFind(hour, known, out sum))
            && (long)Bind(_countSums, hour).ExecuteScalar()! >= SpendBook.MostAnHour)
        {
            details = SpendKeyText.Of(SpendKey.Other);
            _ = Bind(_findKey, details).ExecuteScalar() is long other && TryFind(hour, other, out sum);
        }

        // Added here and not there: sums stop at the end of their range, where SQLite would go on with a double.
        sum.Add(spend.Sum);
        long key = (long)Bind(_putKey, details, hour).ExecuteScalar()!;
        (Int128 usd, Int128 nanos) = Int128.DivRem(sum.CostNanos, NanosPerUsd);
        Bind(_putSum, hour, key, sum.Requests, sum.Denied, sum.InputTokens, sum.OutputTokens, long.CreateSaturating(usd), (long)nanos).ExecuteNonQuery();
    }

    private bool TryFind(long hour, long key, out SpendSum sum)
    {
        using SqliteDataReader row = Bind(_findSum, hour, key).ExecuteReader();
        bool isThere = row.Read();
        sum = isThere ? SumOf(row, 0) : default;
        return isThere;
    }

    private void Run(string text, long value)
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = text;
        command.Transaction = _all[0].Transaction;
        command.Parameters.AddWithValue("@0", value);
        command.ExecuteNonQuery();
    }

    private static SqliteCommand Bind(SqliteCommand command, params ReadOnlySpan<object?> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        }

        return command;
    }

    private SqliteCommand Prepare(string text, int parameters)
    {
        SqliteCommand command = _connection.CreateCommand();
        _all.Add(command);
        command.CommandText = text;
        for (int i = 0; i < parameters; i++)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = $"@{i}" });
        }

        command.Prepare();
        return command;
    }
}
