namespace BudgetGuard.Accounting;

/// <summary>One account: its current window, its newest limit, and what it tells. Everything but the two volatile reads is touched under the tracker's lock.</summary>
internal sealed partial class AccountLedger
{
    private readonly AccountGroup _group;
    private long _freed;
    private volatile bool _isEvicted;

    // As it is configured; <see cref="Account"/> has what administrators added as well.
    private Account _own;

    public AccountLedger(AccountGroup group, Account account, bool isOverflow, long now, long freed)
    {
        _group = group;
        _freed = freed;
        _own = account;
        Account = account;
        IsOverflow = isOverflow;
        Unit = group.Unit;
        RollingSlices? slices = group.RollingLength is { } length ? new RollingSlices(length) : null;
        Current = new LedgerWindow(this, group.WindowAt(now), slices);
        if (slices is not null)
        {
            Current.Advance(group.Latest);
        }
    }

    /// <summary>Where its changes are noted; null where nobody writes them down.</summary>
    public AccountChanges? Changes { get; init; }

    public Account Account { get; private set; }

    public BudgetUnit Unit { get; }

    /// <summary>True for the account that all partitions share which the budget does not track.</summary>
    public bool IsOverflow { get; }

    public LedgerWindow Current { get; private set; }

    /// <summary>Grows whenever something became available other than by time passing; readable without the lock.</summary>
    public long Freed => Volatile.Read(ref _freed);

    /// <summary>True once it made room for another partition; readable without the lock.</summary>
    public bool IsEvicted => _isEvicted;

    /// <summary>True once holds on it do not grow any more.</summary>
    public bool IsClosed { get; private set; }

    private long Limit => Math.Max(0, Account.Limit);

    /// <summary>The window of an instant; never one before the current.</summary>
    public LedgerWindow At(long now, ref EventBuffer events) => now < Current.LookAt ? Current : Look(now, ref events);

    /// <summary>
    /// The limit of whoever asks: within one set of terms overrides may differ by model or operation. Terms of an earlier reload give way to the newest.
    /// </summary>
    public long LimitFor(Account asking) =>
        IsOverflow || ReferenceEquals(asking.Terms, Account.Terms) ? Saturating.Add(Math.Max(0, asking.Limit), ToppedUp) : Limit;

    /// <summary>What a charge takes from this account.</summary>
    public long AmountOf(in Charge charge) => charge.In(Unit);

    /// <summary>Takes on the terms and the limit of accounts that were made later.</summary>
    public void Adopt(Account newest, ref EventBuffer events)
    {
        if (ReferenceEquals(newest, _own))
        {
            return;
        }

        bool isReload = !ReferenceEquals(newest.Terms, _own.Terms);
        if (isReload && !_group.TrySupersede(_own.Terms, newest.Terms))
        {
            return;
        }

        if (newest.Limit > _own.Limit)
        {
            Free();
        }

        long before = Account.Limit;
        _own = newest;
        Account = ToppedUp == 0 ? newest : new Account(newest.Terms, newest.Key.Partition, Saturating.Add(Math.Max(0, newest.Limit), ToppedUp));

        Current.Touch();

        // Within one set of terms everybody has the limit they come with: nothing that was noted of this account is wrong.
        if (isReload || Account.Limit != before)
        {
            Current.LimitChanged();
        }

        if (isReload)
        {
            Current.Revise();
            if (Account.Limit > before)
            {
                AccountNotices.LimitRaised(Current, Account, before, ref events);
            }
        }
    }

    public void Evict()
    {
        _isEvicted = true;
        Current.Revise();
        Current.Touch();
    }

    public void Close() => IsClosed = true;

    public void Free() => Volatile.Write(ref _freed, _freed + 1);

    /// <summary>
    /// True if nothing would be lost with this account: its window is over, nothing is held, no debt opens the next.
    /// </summary>
    public bool IsIdle(long now)
    {
        if (Current.HasOpenHolds)
        {
            return false;
        }

        if (_topUps?.SumAt(now) > 0)
        {
            return false;
        }

        if (Unit == BudgetUnit.Concurrency)
        {
            return true;
        }

        if (Current.Slices is { } slices)
        {
            Current.Advance(now);
            return slices.IsEmpty;
        }

        if (now < Current.End)
        {
            return false;
        }

        CloseWindow();
        return !Account.Terms.CarryDebt || Current.DebtInto(_group.WindowAt(now).Index) == 0;
    }

    /// <summary>How much of it is used; a calendar window that is over is not, and stays as it is.</summary>
    public BudgetUtilization UtilizationAt(long now)
    {
        if (now < Current.End)
        {
            EndTopUps(now);
        }

        if (Current.Slices is not null && now >= Current.End)
        {
            Current.Advance(now);
        }

        return new BudgetUtilization(Account.Terms.Name, now < Current.End ? Current.Used : 0, Limit);
    }

    /// <summary>Changes what an entry holds and has settled, with all that follows from it.</summary>
    public void Move(ref HoldEntry entry, long held, long settled, ref EventBuffer events)
    {
        LedgerWindow window = entry.Window;
        long before = window.Used;
        window.Move(ref entry, held, settled);
        AfterChange(window, before, ref events);
    }

    /// <summary>Settles an entry in full and tells if that took the account above its limit by more than was set aside.</summary>
    public void Settle(ref HoldEntry entry, long actual, ref EventBuffer events)
    {
        LedgerWindow window = entry.Window;
        long setAside = entry.Held + entry.Settled;
        ObserveRequest(window, actual, ref events);
        Move(ref entry, 0, actual, ref events);
        if (actual > setAside && window.Used > Limit && window.Counts(entry))
        {
            events.Add(new AccountEvent(
                AccountEventKind.Overshot, Account, AccountFigures.StateOf(window, Limit), Amount: actual - setAside) { Cause = events.Cause });
        }
    }

    /// <summary>Takes back what was charged for a hold that is no longer remembered.</summary>
    public void TakeBack(long amount, long now, ref EventBuffer events)
    {
        LedgerWindow window = At(now, ref events);
        long before = window.Used;
        window.TakeBack(amount);
        AfterChange(window, before, ref events);
    }

    private void AfterChange(LedgerWindow window, long before, ref EventBuffer events)
    {
        if (window.Used < before)
        {
            Free();
        }

        if (_isEvicted)
        {
            // Only holds taken before a reset still change it; what it has to say is about no account that anybody is charged to.
            return;
        }

        if (window.Settled + window.Debt >= window.Mark)
        {
            AccountNotices.TellThreshold(window, Account, Limit, ref events);
        }

        if (window.Settled + window.Debt < window.RecoverBelow)
        {
            AccountNotices.TellRecovered(window, ref events);
        }

        if (window.Next is not null)
        {
            CarryOn(window, ref events);
        }

        if (!ReferenceEquals(window, Current))
        {
            // A late settlement may tell of a window that is over, and then of its end as well.
            AccountNotices.TellEnded(window, ref events);
        }
    }

    /// <summary>A late settlement changes what its window ended above its limit, and so what the windows after it opened with.</summary>
    private void CarryOn(LedgerWindow window, ref EventBuffer events)
    {
        while (window.Next is { } next && next.SetDebt(window.DebtInto(next.Index)))
        {
            window = next;
        }

        Free();
        AccountNotices.TellThreshold(Current, Account, Limit, ref events);
    }

    private LedgerWindow Look(long now, ref EventBuffer events)
    {
        if (now < Current.End)
        {
            EndTopUps(now);
            return Current;
        }

        return Roll(now, ref events);
    }

    private LedgerWindow Roll(long now, ref EventBuffer events)
    {
        if (Current.Slices is { } slices)
        {
            EndTopUps(now);
            _group.WindowAt(now);
            Current.Advance(_group.Latest);
            AccountNotices.Pass(Current, slices.StartOfLatest, Limit, ref events);
            return Current;
        }

        CalendarWindow bounds = _group.WindowAt(now);
        var next = new LedgerWindow(this, bounds, slices: null);
        next.Follow(Current);
        CloseWindow();
        Current.Revise();
        Current.Touch();
        AccountNotices.TellEnded(Current, ref events);
        if (Account.Terms.CarryDebt)
        {
            Current.Next = next;
            next.SetDebt(Current.DebtInto(bounds.Index));
        }

        Current = next;
        Changes?.Add(next);
        EndTopUps(now);
        next.TopUpEnds = _topUps?.NextEnd ?? long.MaxValue;
        if (next.Debt > 0)
        {
            AccountNotices.TellThreshold(next, Account, Limit, ref events);
        }

        return next;
    }
}
