namespace BudgetGuard.Sqlite;

/// <summary>
/// What is written in one commit, after which the file holds a state the accounts were in at one instant. First what is gone goes, then what there is is put.
/// </summary>
internal sealed class JournalBatch
{
    public JournalHead Head { get; set; }

    /// <summary>True if all holds that are in the file go first: they have other slots in this process.</summary>
    public bool ClearsHolds { get; set; }

    public List<BudgetRow> Budgets { get; } = [];

    public List<AccountRow> Accounts { get; } = [];

    public List<PastWindowRow> PastWindows { get; } = [];

    public List<HoldRow> Holds { get; } = [];

    public HashSet<long> GoneAccounts { get; } = [];

    public HashSet<(long Account, long Window)> GonePastWindows { get; } = [];

    public HashSet<long> GoneHolds { get; } = [];

    /// <summary>What became of claims; null for those that were given back or forgotten.</summary>
    public Dictionary<string, ClaimRow?> Claims { get; } = new(StringComparer.Ordinal);

    public bool IsEmpty =>
        !ClearsHolds && Budgets.Count + Accounts.Count + PastWindows.Count + Holds.Count + GoneAccounts.Count + GonePastWindows.Count + GoneHolds.Count + Claims.Count == 0;

    /// <summary>Begins the batch after one that was written.</summary>
    public void Written()
    {
        KeepGone();
        ClearsHolds = false;
        GoneAccounts.Clear();
        GonePastWindows.Clear();
        GoneHolds.Clear();
        Claims.Clear();
    }

    /// <summary>Begins the batch after one that may not have been written: what there is is collected anew, what is gone has to go all the same.</summary>
    public void KeepGone()
    {
        Budgets.Clear();
        Accounts.Clear();
        PastWindows.Clear();
        Holds.Clear();
    }
}
