namespace BudgetGuard.Accounting;

/// <summary>
/// What has changed since it was last written down: windows, holds and budgets, each once however often it changed. Touched only under the tracker's lock, so
/// that what is taken from it at one instant is a state the accounts were in.
/// </summary>
internal sealed class AccountChanges
{
    private List<LedgerWindow> _windows = [];
    private List<int> _holds = [];
    private List<AccountGroup> _groups = [];

    public IReadOnlyList<LedgerWindow> Windows => _windows;

    public IReadOnlyList<int> Holds => _holds;

    public IReadOnlyList<AccountGroup> Groups => _groups;

    public bool IsEmpty => _windows.Count + _holds.Count + _groups.Count == 0;

    /// <summary>Adds a window; whoever adds it knows that it is not among the changes.</summary>
    public void Add(LedgerWindow window) => _windows.Add(window);

    /// <summary>Adds a hold; whoever adds it knows that it is not among the changes.</summary>
    public void Add(int hold) => _holds.Add(hold);

    public void Add(AccountGroup group)
    {
        if (!_groups.Contains(group))
        {
            _groups.Add(group);
        }
    }

    /// <summary>Begins anew with nothing; gives what there was.</summary>
    public AccountChanges Take()
    {
        var taken = new AccountChanges { _windows = _windows, _holds = _holds, _groups = _groups };
        (_windows, _holds, _groups) = ([], [], []);
        return taken;
    }
}

/// <summary>Looks at what has changed; under the tracker's lock, so that it copies what it wants to keep.</summary>
internal interface IChangeReader
{
    /// <summary>Reads what has changed.</summary>
    /// <param name="changes">The changes.</param>
    /// <param name="holds">The holds.</param>
    /// <param name="latest">The latest instant the accounts have seen.</param>
    void Read(AccountChanges changes, HoldSlab holds, long latest);
}
