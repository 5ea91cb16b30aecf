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

        reader.Read(taken, _holds, Endings.Latest);
        _collected = taken;
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
