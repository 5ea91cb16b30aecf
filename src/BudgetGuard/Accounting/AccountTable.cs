using System.Collections.Immutable;

namespace BudgetGuard.Accounting;

/// <summary>One account of a path: its current window and the limit of who asks, as they were when the window had this revision.</summary>
internal struct PathStep
{
    public LedgerWindow Window;
    public long Limit;
    public int Revision;
    public BudgetUnit Unit;

    /// <summary>What a hold sets aside on this account: of concurrency always one slot.</summary>
    public readonly long HoldOf(in Charge charge) => Unit == BudgetUnit.Concurrency ? 1 : charge.In(Unit);
}

/// <summary>Where a tracker found the accounts of a set; kept in <see cref="AccountSet.TrackerState"/> so that a request needs no look-up.</summary>
internal sealed class AccountPath(AccountTable table, AccountLedger[] ledgers, bool hasOverflow)
{
    private readonly PathStep[] _steps = new PathStep[ledgers.Length];

    public AccountLedger[] Ledgers { get; } = ledgers;

    /// <summary>Each account as <see cref="Refresh"/> found it; right as long as <see cref="IsFresh"/>.</summary>
    public ReadOnlySpan<PathStep> Steps => _steps;

    /// <summary>True if it belongs to a tracker and all its accounts are still in use.</summary>
    public bool IsCurrent(AccountTable asking)
    {
        if (!ReferenceEquals(table, asking))
        {
            return false;
        }

        foreach (AccountLedger ledger in Ledgers)
        {
            if (ledger.IsEvicted)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>True if every account is still in the window that was found, with the limit that was found, at an instant.</summary>
    public bool IsFresh(AccountTable asking, long now)
    {
        if (!ReferenceEquals(table, asking) || HasOverflow)
        {
            return false;
        }

        foreach (ref readonly PathStep step in Steps)
        {
            if (now >= step.Window.LookAt || step.Window.Revision != step.Revision)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Finds the windows of an instant and the limits of the accounts that ask.</summary>
    public void Refresh(AccountSet set, long now, ref EventBuffer events)
    {
        for (int i = 0; i < _steps.Length; i++)
        {
            AccountLedger ledger = Ledgers[i];
            LedgerWindow window = ledger.At(now, ref events);
            _steps[i] = new PathStep { Window = window, Limit = ledger.LimitFor(set.Accounts[i]), Revision = window.Revision, Unit = window.Unit };
        }
    }

    /// <summary>True if one of the accounts is shared by partitions that are not tracked; such a path is looked up each time, until there is room.</summary>
    public bool HasOverflow { get; } = hasOverflow;
}

/// <summary>All accounts, by budget.</summary>
internal sealed class AccountTable(AccountChanges? changes = null)
{
    private readonly Dictionary<AccountKey, AccountGroup> _groups = [];

    public AccountPath PathOf(AccountSet set, long now, ref EventBuffer events) =>
        set.TrackerState is AccountPath path && path.IsCurrent(this) && !path.HasOverflow ? path : Resolve(set, now, ref events);

    /// <summary>All budgets that were ever asked for.</summary>
    public AccountGroup[] Groups => [.. _groups.Values];

    /// <summary>The budget of an account.</summary>
    public AccountGroup GroupOf(Account account)
    {
        BudgetTerms terms = account.Terms;
        var key = new AccountKey(terms, []);
        if (!_groups.TryGetValue(key, out AccountGroup? group))
        {
            group = new AccountGroup(terms, changes);
            _groups.Add(key, group);
        }

        return group;
    }

    private AccountPath Resolve(AccountSet set, long now, ref EventBuffer events)
    {
        ImmutableArray<Account> accounts = set.Accounts;
        var ledgers = new AccountLedger[accounts.Length];
        bool hasOverflow = false;
        for (int i = 0; i < accounts.Length; i++)
        {
            AccountLedger ledger = GroupOf(accounts[i]).FindOrAdd(accounts[i], now, ref events);
            if (ledgers.AsSpan(0, i).Contains(ledger))
            {
                throw new ArgumentException($"The budget {accounts[i].Terms.Name} is named twice for one request.", nameof(set));
            }

            hasOverflow |= ledger.IsOverflow;
            ledgers[i] = ledger;
        }

        // A path is never without its windows: whoever settles an unknown hold leaves one for the next hold to find.
        var path = new AccountPath(this, ledgers, hasOverflow);
        path.Refresh(set, now, ref events);
        set.TrackerState = path;
        return path;
    }
}
