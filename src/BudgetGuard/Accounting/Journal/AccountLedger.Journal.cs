namespace BudgetGuard.Accounting;

internal sealed partial class AccountLedger
{
    // An account as it was kept; its window is read by whoever makes it.
    private AccountLedger(AccountGroup group, Account account, bool isOverflow, long freed, in WindowFigures figures, ref RecordReader record)
    {
        _group = group;
        _own = account;
        _freed = freed;
        IsOverflow = isOverflow;
        Unit = group.Unit;
        _topUps = record.Bool() ? TopUps.Read(ref record) : null;
        _requests = record.Bool() ? Habit.Read(ref record) : null;
        _minutes = record.Bool() ? Habit.Read(ref record) : null;
        _spend = record.Bool() ? SpendWatch.Read(ref record) : null;
        (_minute, _minuteSpent, _untilLarge) = (record.Long(), record.Long(), record.Int());
        Account = ToppedUp == 0 ? account : new Account(account.Terms, account.Key.Partition, Saturating.Add(Math.Max(0, account.Limit), ToppedUp));
        Current = LedgerWindow.Read(this, figures, group.RollingLength, ref record);
    }

    /// <summary>What a store remembers of where it has this account; owned by that store.</summary>
    public object? Kept { get; set; }

    /// <summary>The budget.</summary>
    public AccountGroup Group => _group;

    /// <summary>As it is configured, without what administrators added.</summary>
    public Account Configured => _own;

    public void Write(RecordWriter record)
    {
        record.Add(_topUps is not null);
        _topUps?.Write(record);
        record.Add(_requests is not null);
        _requests?.Write(record);
        record.Add(_minutes is not null);
        _minutes?.Write(record);
        record.Add(_spend is not null);
        _spend?.Write(record);
        record.Add(_minute);
        record.Add(_minuteSpent);
        record.Add(_untilLarge);
        Current.Write(record);
    }

    /// <summary>An account as it was kept.</summary>
    public static AccountLedger Read(
        AccountGroup group, AccountChanges? changes, Account account, AccountPlace place, long freed, in WindowFigures figures, ref RecordReader record) =>
        new(group, account, place == AccountPlace.Shared, freed, figures, ref record) { Changes = changes, _isEvicted = place == AccountPlace.Left };
}
