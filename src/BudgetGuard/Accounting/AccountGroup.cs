using System.Runtime.CompilerServices;

namespace BudgetGuard.Accounting;

/// <summary>
/// The accounts of one budget: one for each of its first <see cref="BudgetTerms.MaxTrackedPartitions"/> partitions, and one that all others share.
/// Its time only moves forward, so that no account, old or new, opens in a window that was over once.
/// </summary>
internal sealed partial class AccountGroup
{
    // How many accounts are looked at for one to evict, so that a new partition costs the same however many there are.
    private const int EvictionTries = 16;

    private readonly CalendarWindows _windows;
    private readonly Dictionary<AccountKey, AccountLedger> _ledgers = [];
    private readonly List<AccountLedger> _order = [];

    // Terms that gave way to those of a later reload. Without an entry that keeps them alive.
    private readonly ConditionalWeakTable<BudgetTerms, object?> _past = [];
    private readonly AccountChanges? _changes;
    private CalendarWindow _current;
    private AccountLedger? _overflow;
    private long _created;
    private int _hand;

    public AccountGroup(BudgetTerms terms, AccountChanges? changes = null)
    {
        Newest = terms;
        Unit = terms.Unit;
        _changes = changes;

        // Slots are given back, not used up: a concurrency budget has one window whatever its terms say.
        WindowSpec window = Unit == BudgetUnit.Concurrency ? WindowSpec.Total : terms.Window;
        RollingLength = window.Rolling?.Ticks;
        _windows = new CalendarWindows(RollingLength is null ? window.Period : BudgetPeriod.Total, window.Zone);
        _schedule = RollingLength is null && window.Period is not (BudgetPeriod.Minute or BudgetPeriod.Total) ? new SpendSchedule(window.Zone) : null;
        _hasMinutes = RollingLength is null && window.Period != BudgetPeriod.Minute;
        changes?.Add(this);
    }

    /// <summary>The terms of the latest reload.</summary>
    public BudgetTerms Newest { get; private set; }

    public BudgetUnit Unit { get; }

    public long? RollingLength { get; }

    /// <summary>The latest instant this budget has seen.</summary>
    public long Latest { get; private set; }

    public int Count => _order.Count;

    /// <summary>The calendar window of an instant, or the latest there was if the clock went back.</summary>
    public CalendarWindow WindowAt(long now)
    {
        Latest = Math.Max(Latest, now);
        if (Latest >= _current.End)
        {
            _current = _windows.At(Latest);
        }

        return _current;
    }

    /// <summary>When the window of a number begins.</summary>
    public long StartOf(long index) => _windows.StartOf(index);

    /// <summary>Where an account is, if it was ever used; its overflow account if that is where it would be charged.</summary>
    public AccountLedger? Find(Account account, long now)
    {
        WindowAt(now);
        return _ledgers.TryGetValue(account.Key, out AccountLedger? ledger) ? ledger : SharesOverflow() ? _overflow : null;
    }

    /// <summary>Where an account is; made if it is new.</summary>
    public AccountLedger FindOrAdd(Account account, long now, ref EventBuffer events)
    {
        WindowAt(now);
        if (_ledgers.TryGetValue(account.Key, out AccountLedger? found))
        {
            if (!ReferenceEquals(found.Account, account))
            {
                found.Adopt(account, ref events);
            }

            return found;
        }

        if (!SharesOverflow() && TryMakeRoom(Math.Max(1, account.Terms.MaxTrackedPartitions), ref events, out int place))
        {
            AccountLedger added = New(account, isOverflow: false);
            _ledgers.Add(account.Key, added);
            if (place == _order.Count)
            {
                _order.Add(added);
            }
            else
            {
                _order[place] = added;
            }

            return added;
        }

        if (_overflow is null)
        {
            _overflow = New(account, isOverflow: true);
        }
        else if (!ReferenceEquals(_overflow.Account, account))
        {
            _overflow.Adopt(account, ref events);
        }

        AccountNotices.TellOverflow(_overflow.At(Latest, ref events), account, ref events);
        return _overflow;
    }

    /// <summary>The fullest of some of the accounts, beginning at a number; that of all partitions that are not tracked is the last.</summary>
    public BudgetUtilization Fullest(int first, int count, long now)
    {
        BudgetUtilization fullest = default;
        for (int i = first; i < first + count && i <= _order.Count; i++)
        {
            if ((i < _order.Count ? _order[i] : _overflow) is { } ledger
                && ledger.UtilizationAt(now) is var one && one.Limit > 0 && (fullest.Limit == 0 || one.IsFullerThan(fullest)))
            {
                fullest = one;
            }
        }

        return fullest;
    }

    /// <summary>
    /// Lets terms give way to newer ones; false where the newer are the older: a request that was under way at a reload must not bring them back.
    /// </summary>
    public bool TrySupersede(BudgetTerms terms, BudgetTerms newer)
    {
        if (_past.TryGetValue(newer, out _))
        {
            return false;
        }

        _past.TryAdd(terms, null);
        if (!ReferenceEquals(newer, Newest))
        {
            Newest = newer;
            _changes?.Add(this);
        }

        return true;
    }

    // While the shared account has anything in its window nobody leaves it: its partitions would get a second budget for the same window.
    private bool SharesOverflow() => _overflow is { } overflow && !overflow.IsIdle(Latest);

    private AccountLedger New(Account account, bool isOverflow)
    {
        // The count of what was freed never starts where an evicted account of the same partition was.
        var made = new AccountLedger(this, account, isOverflow, Latest, freed: ++_created << 32) { Changes = _changes };
        _changes?.Add(made.Current);
        return made;
    }

    private bool TryMakeRoom(int max, ref EventBuffer events, out int place)
    {
        place = _order.Count;
        if (_order.Count < max)
        {
            return true;
        }

        for (int i = 0; i < EvictionTries; i++)
        {
            _hand = _hand + 1 < _order.Count ? _hand + 1 : 0;
            AccountLedger candidate = _order[_hand];
            if (candidate.IsIdle(Latest))
            {
                AccountNotices.TellEnded(candidate.Current, ref events);
                candidate.Evict();
                _ledgers.Remove(candidate.Account.Key);
                place = _hand;
                return true;
            }
        }

        return false;
    }
}
