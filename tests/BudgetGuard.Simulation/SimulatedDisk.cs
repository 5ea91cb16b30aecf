using BudgetGuard.Sqlite;

namespace BudgetGuard.Simulation;

/// <summary>A file as a disk has it: what was committed, and nothing else.</summary>
internal sealed class SimulatedDisk
{
    private readonly Dictionary<long, BudgetRow> _budgets = [];
    private readonly Dictionary<long, AccountRow> _accounts = [];
    private readonly Dictionary<(long Account, long Window), PastWindowRow> _past = [];
    private readonly Dictionary<long, HoldRow> _holds = [];
    private readonly Dictionary<string, ClaimRow> _claims = new(StringComparer.Ordinal);
    private JournalHead _head;

    /// <summary>Opens it.</summary>
    /// <param name="fails">Whether the next commit fails.</param>
    /// <param name="cameThrough">Whether one that fails came to the disk all the same.</param>
    public IJournalFile Open(Func<bool> fails, Func<bool> cameThrough) => new Handle(this, fails, cameThrough);

    private void Commit(JournalBatch batch)
    {
        if (batch.ClearsHolds)
        {
            _holds.Clear();
        }

        Drop(_holds, batch.GoneHolds);
        Drop(_past, batch.GonePastWindows);
        Drop(_accounts, batch.GoneAccounts);
        batch.Budgets.ForEach(row => _budgets[row.Id] = row);
        batch.Accounts.ForEach(row => _accounts[row.Id] = row);
        batch.PastWindows.ForEach(row => _past[(row.Account, row.Window.Index)] = row);
        batch.Holds.ForEach(row => _holds[row.Slot] = row);
        foreach ((string claim, ClaimRow? row) in batch.Claims)
        {
            if (row is { } kept)
            {
                _claims[claim] = kept;
            }
            else
            {
                _claims.Remove(claim);
            }
        }

        _head = batch.Head;
    }

    private static void Drop<TKey, TRow>(Dictionary<TKey, TRow> rows, IEnumerable<TKey> gone)
        where TKey : notnull
    {
        foreach (TKey key in gone)
        {
            rows.Remove(key);
        }
    }

    private sealed class Handle(SimulatedDisk disk, Func<bool> fails, Func<bool> cameThrough) : IJournalFile
    {
        public JournalHead ReadHead() => disk._head;

        public IEnumerable<BudgetRow> ReadBudgets() => disk._budgets.Values.OrderBy(static row => row.Id);

        public IEnumerable<AccountRow> ReadAccounts() => disk._accounts.Values.OrderBy(static row => row.Id);

        public IEnumerable<PastWindowRow> ReadPastWindows() => disk._past.Values.OrderBy(static row => row.Account).ThenBy(static row => row.Window.Index);

        public IEnumerable<HoldRow> ReadHolds() => disk._holds.Values.OrderBy(static row => row.At).ThenBy(static row => row.Slot);

        public IEnumerable<ClaimRow> ReadClaims() => disk._claims.Values.OrderBy(static row => row.Until).ThenBy(static row => row.Claim, StringComparer.Ordinal);

        public void Accept()
        {
        }

        public void Write(JournalBatch batch)
        {
            bool isFailing = fails();
            if (!isFailing || cameThrough())
            {
                disk.Commit(batch);
            }

            if (isFailing)
            {
                throw new IOException("The disk of the simulation.");
            }
        }

        public void Dispose()
        {
        }
    }
}
