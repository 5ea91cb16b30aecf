using Microsoft.Data.Sqlite;

namespace BudgetGuard.Sqlite;

/// <summary>The statements of a batch, each prepared once.</summary>
internal sealed class JournalCommands : IDisposable
{
    private readonly List<SqliteCommand> _all = [];
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _clearHolds;
    private readonly SqliteCommand _dropAccount;
    private readonly SqliteCommand _dropPast;
    private readonly SqliteCommand _dropHold;
    private readonly SqliteCommand _dropClaim;
    private readonly SqliteCommand _putBudget;
    private readonly SqliteCommand _putAccount;
    private readonly SqliteCommand _putPast;
    private readonly SqliteCommand _putHold;
    private readonly SqliteCommand _putClaim;
    private readonly SqliteCommand _putHead;

    public JournalCommands(SqliteConnection connection)
    {
        _connection = connection;
        _clearHolds = Prepare("DELETE FROM holds", 0);
        _dropAccount = Prepare("DELETE FROM accounts WHERE id = @0", 1);
        _dropPast = Prepare("DELETE FROM past_windows WHERE account = @0 AND window = @1", 2);
        _dropHold = Prepare("DELETE FROM holds WHERE slot = @0", 1);
        _dropClaim = Prepare("DELETE FROM claims WHERE claim = @0", 1);
        _putBudget = Prepare("REPLACE INTO budgets (id, name, details, checksum) VALUES (@0, @1, @2, @3)", 4);
        _putAccount = Prepare(
            "INSERT INTO accounts (id, budget, partition, place, limited, window, starts, ends, settled, held, debt, details, checksum)"
            + " VALUES (@0, @1, @2, @3, @4, @5, @6, @7, @8, @9, @10, @11, @12)"
            + " ON CONFLICT (id) DO UPDATE SET place = @3, limited = @4, window = @5, starts = @6, ends = @7, settled = @8, held = @9, debt = @10, details = @11, checksum = @12",
            13);
        _putPast = Prepare(
            "REPLACE INTO past_windows (account, window, starts, ends, settled, held, debt, details, checksum) VALUES (@0, @1, @2, @3, @4, @5, @6, @7, @8)", 9);
        _putHold = Prepare("REPLACE INTO holds (slot, state, at, details, checksum) VALUES (@0, @1, @2, @3, @4)", 5);
        _putClaim = Prepare("REPLACE INTO claims (claim, until, checksum) VALUES (@0, @1, @2)", 3);
        _putHead = Prepare("UPDATE journal SET batch = @0, latest = @1, records = @2, checksum = @3", 4);
    }

    public void Run(JournalBatch batch, SqliteTransaction transaction)
    {
        foreach (SqliteCommand command in _all)
        {
            command.Transaction = transaction;
        }

        Drop(batch);
        Put(batch);
        JournalHead head = batch.Head;
        Run(_putHead, head.Batch, head.Latest, head.Records, (long)head.Checksum);
    }

    public void Dispose()
    {
        foreach (SqliteCommand command in _all)
        {
            command.Dispose();
        }
    }

    private void Drop(JournalBatch batch)
    {
        if (batch.ClearsHolds)
        {
            _clearHolds.ExecuteNonQuery();
        }

        foreach (long hold in batch.GoneHolds)
        {
            Run(_dropHold, hold);
        }

        foreach ((long account, long window) in batch.GonePastWindows)
        {
            Run(_dropPast, account, window);
        }

        foreach (long account in batch.GoneAccounts)
        {
            Run(_dropAccount, account);
        }

        foreach ((string claim, ClaimRow? row) in batch.Claims)
        {
            if (row is null)
            {
                _dropClaim.Parameters[0].Value = claim;
                _dropClaim.ExecuteNonQuery();
            }
        }
    }

    private void Put(JournalBatch batch)
    {
        foreach (BudgetRow row in batch.Budgets)
        {
            (_putBudget.Parameters[0].Value, _putBudget.Parameters[1].Value) = (row.Id, row.Name);
            (_putBudget.Parameters[2].Value, _putBudget.Parameters[3].Value) = (row.Details, (long)row.Checksum);
            _putBudget.ExecuteNonQuery();
        }

        foreach (AccountRow row in batch.Accounts)
        {
            SqliteParameterCollection values = _putAccount.Parameters;
            (values[0].Value, values[1].Value, values[2].Value, values[3].Value, values[4].Value) =
                (row.Id, row.Budget, row.Partition, (long)row.Place, row.Limit);
            PutFigures(values, 5, row.Window);
            (values[11].Value, values[12].Value) = (row.Details, (long)row.Checksum);
            _putAccount.ExecuteNonQuery();
        }

        foreach (PastWindowRow row in batch.PastWindows)
        {
            SqliteParameterCollection values = _putPast.Parameters;
            values[0].Value = row.Account;
            PutFigures(values, 1, row.Window);
            (values[7].Value, values[8].Value) = (row.Details, (long)row.Checksum);
            _putPast.ExecuteNonQuery();
        }

        foreach (HoldRow row in batch.Holds)
        {
            SqliteParameterCollection values = _putHold.Parameters;
            (values[0].Value, values[1].Value, values[2].Value) = (row.Slot, (long)row.State, row.At);
            (values[3].Value, values[4].Value) = (row.Details, (long)row.Checksum);
            _putHold.ExecuteNonQuery();
        }

        foreach (ClaimRow? claim in batch.Claims.Values)
        {
            if (claim is { } row)
            {
                (_putClaim.Parameters[0].Value, _putClaim.Parameters[1].Value, _putClaim.Parameters[2].Value) = (row.Claim, row.Until, (long)row.Checksum);
                _putClaim.ExecuteNonQuery();
            }
        }
    }

    private static void PutFigures(SqliteParameterCollection values, int at, in Accounting.WindowFigures window)
    {
        (values[at].Value, values[at + 1].Value, values[at + 2].Value) = (window.Index, window.Start, window.End);
        (values[at + 3].Value, values[at + 4].Value, values[at + 5].Value) = (window.Settled, window.Held, window.Debt);
    }

    private static void Run(SqliteCommand command, params ReadOnlySpan<long> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }

        command.ExecuteNonQuery();
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
