namespace BudgetGuard.Accounting;

/// <summary>How a watcher looks at the accounts of a budget.</summary>
internal sealed partial class AccountGroup
{
    // None for budgets that are not forecast.
    private readonly SpendSchedule? _schedule;
    private readonly bool _hasMinutes;

    /// <summary>Where an alert of an account came from; the shared account, if it names no partition of a budget that is split. Makes and moves nothing.</summary>
    public AccountLedger? FindTold(Account account) =>
        account.Key is { Partition.IsDefaultOrEmpty: true, Per.IsDefaultOrEmpty: false } ? _overflow
        : _ledgers.TryGetValue(account.Key, out AccountLedger? ledger) ? ledger : null;

    /// <summary>Looks at some of the accounts, beginning at a number; that of all partitions that are not tracked is the last.</summary>
    public void Watch(int first, int count, long now, ref EventBuffer events)
    {
        CalendarWindow window = WindowAt(now);
        if (_schedule?.LookAt(window, Latest) == true)
        {
            _changes?.Add(this);
        }

        for (int i = first; i < first + count && i <= _order.Count; i++)
        {
            (i < _order.Count ? _order[i] : _overflow)?.Watch(_schedule, window, Latest, _hasMinutes, ref events);
        }
    }

    /// <summary>Finds the fullest of some of the accounts, and counts those that used anything.</summary>
    public void AddUsage(ref BudgetUsage? fullest, int first, int count, long now)
    {
        for (int i = first; i < first + count && i <= _order.Count; i++)
        {
            if ((i < _order.Count ? _order[i] : _overflow) is not { } ledger)
            {
                continue;
            }

            BudgetUsage one = ledger.UsageAt(now);
            int accounts = (fullest?.Accounts ?? 0) + one.Accounts;
            fullest = fullest is { } known && !one.IsFullerThan(known) ? known with { Accounts = accounts } : one with { Accounts = accounts };
        }
    }
}
