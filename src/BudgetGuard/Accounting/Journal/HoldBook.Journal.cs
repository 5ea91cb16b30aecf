namespace BudgetGuard.Accounting;

internal sealed partial class HoldBook
{
    private AccountChanges? _collected;

    public bool Collect(IChangeReader reader)
    {
        _collected = null;
        if (_changes is null || _changes.IsEmpty)
        {
            return false;
        }

        AccountChanges taken = _changes.Take();
        foreach (int index in taken.Holds)
        {
            _holds[index].IsChanged = false;
        }

        foreach (LedgerWindow window in taken.Windows)
        {
            window.MarkWritten();
        }

        // Before it is read: what cannot be read must be changes again.
        _collected = taken;
        reader.Read(taken, _holds, Endings.Latest);
        return true;
    }

    public void Uncollect()
    {
        if (_collected is not { } taken)
        {
            return;
        }

        _collected = null;
        foreach (int index in taken.Holds)
        {
            _holds.Touch(index);
        }

        foreach (LedgerWindow window in taken.Windows)
        {
            window.Touch();
        }

        foreach (AccountGroup group in taken.Groups)
        {
            _changes!.Add(group);
        }
    }

    public void Restore(Action<AccountRestoring> read, long now, ref EventBuffer events)
    {
        var restoring = new AccountRestoring(_accounts, _holds, _expiry);
        read(restoring);
        Endings.Expire(Math.Max(now, restoring.Latest), int.MaxValue, ref events);
    }
}
