namespace BudgetGuard.Accounting;

/// <summary>What administrators do with the accounts of a budget.</summary>
internal sealed partial class AccountGroup
{
    /// <summary>
    /// Puts a new account in the place of one, which goes on for the holds that were taken in it; null where the partition shares one with others.
    /// </summary>
    public AccountLedger? Renew(Account account, long now, ref EventBuffer events)
    {
        AccountLedger old = FindOrAdd(account, now, ref events);
        if (old.IsOverflow)
        {
            return null;
        }

        AccountLedger added = New(account, isOverflow: false);
        added.Succeed(old, ref events);
        old.Evict();
        _ledgers[account.Key] = added;
        _order[_order.IndexOf(old)] = added;
        return added;
    }

    /// <summary>Takes an account out whose place nobody takes.</summary>
    public void Drop(Account account)
    {
        if (_ledgers.Remove(account.Key, out AccountLedger? ledger))
        {
            ledger.Evict();
            _order.Remove(ledger);
        }
    }

    /// <summary>Adds those of some of the accounts that are in use, beginning at a number; that of all partitions that are not tracked is the last.</summary>
    public void AddReadings(List<AccountReading> found, Func<AccountKey, bool> filter, int most, int first, int count, long now, ref EventBuffer events)
    {
        WindowAt(now);
        for (int i = first; i < first + count && i <= _order.Count && found.Count < most; i++)
        {
            if ((i < _order.Count ? _order[i] : _overflow) is not { } ledger || !ledger.IsInUse(Latest))
            {
                continue;
            }

            Account account = ledger.IsOverflow ? new Account(ledger.Account.Terms, [], ledger.Account.Limit) : ledger.Account;
            if (filter(account.Key) && ledger.At(Latest, ref events) is { } window)
            {
                found.Add(new AccountReading(account, AccountFigures.StateOf(window, Math.Max(0, ledger.Account.Limit))));
            }
        }
    }
}
