namespace BudgetGuard.Accounting;

/// <summary>
/// Keeps the accounts in this process: check every account, then apply, under one lock with plain numbers. Nothing is awaited, logged or told inside
/// it, and a hold with its settlement allocates nothing. Expired holds need no timer: each call ends a few of those that are due, and all of them
/// before it refuses anybody.
/// </summary>
internal sealed partial class InMemoryCostTracker(
    TimeProvider time, Func<ExpiredHolds> expiredHolds, IAccountEvents? listener = null, AccountChanges? changes = null) : ICostTracker
{
    // How many expired holds one call ends at most on its way.
    private const int Help = 16;

    private const int AccountsAtOnce = 1_000;

    private readonly Lock _gate = new();
    private readonly TrackerClock _clock = new(time);
    private readonly HoldBook _book = new(expiredHolds, changes);
    private long _unknownVersion;

    /// <summary>How many holds are open.</summary>
    public long OpenHolds
    {
        get
        {
            var events = new EventBuffer(listener);
            long open;
            lock (_gate)
            {
                long now = _clock.Now();
                _book.Endings.Expire(now, int.MaxValue, ref events);
                open = _book.OpenHolds;
            }

            events.Raise();
            return open;
        }
    }

    /// <summary>How many holds, open and remembered, there is room for.</summary>
    internal int Capacity
    {
        get
        {
            lock (_gate)
            {
                return _book.Capacity;
            }
        }
    }

    public ValueTask<HoldResult> HoldAsync(HoldRequest request, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<HoldResult>(cancellationToken);
        }

        Hold(request, out HoldResult result);
        return new ValueTask<HoldResult>(result);
    }

    /// <summary>As <see cref="HoldAsync"/>, for who knows that nothing is awaited here: the answer is written where it is wanted, and not copied there.</summary>
    public void Hold(in HoldRequest request, out HoldResult result)
    {
        ArgumentNullException.ThrowIfNull(request.Accounts);
        ThrowIfNegative(request.Amount);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(request.Ttl, TimeSpan.Zero);
        var events = new EventBuffer(listener) { Cause = request.Accounts };
        lock (_gate)
        {
            long now = _clock.Now();
            _book.Endings.Expire(now, Help, ref events);
            _book.Hold(request, now, ref events, out result);
        }

        events.Raise();
    }

    /// <summary>The common hold at its least cost; false, and nothing is done, where <see cref="Hold"/> has to be asked.</summary>
    public bool TryHold(in HoldRequest request, out GrantedHold granted)
    {
        ThrowIfNegative(request.Amount);
        var events = new EventBuffer(listener);
        bool isGranted;
        lock (_gate)
        {
            long now = _clock.Now();
            _book.Endings.Expire(now, Help, ref events);
            isGranted = _book.TryHold(request, now, out granted);
        }

        events.Raise();
        return isGranted;
    }

    public ValueTask<HoldResult> ExtendAsync(Hold hold, Charge more, CancellationToken cancellationToken)
    {
        ThrowIfNegative(more);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<HoldResult>(cancellationToken);
        }

        var events = new EventBuffer(listener) { Cause = hold.Accounts };
        HoldResult result;
        lock (_gate)
        {
            long now = _clock.Now();
            _book.Endings.Expire(now, Help, ref events);
            result = _book.Extend(hold, more, now, ref events);
        }

        events.Raise();
        return new ValueTask<HoldResult>(result);
    }

    public ValueTask SettleAsync(Hold hold, Charge actual, CancellationToken cancellationToken)
    {
        Settle(hold, actual);
        return ValueTask.CompletedTask;
    }

    /// <summary>As <see cref="SettleAsync"/>, for who knows that nothing is awaited here.</summary>
    public void Settle(in Hold hold, in Charge actual)
    {
        ThrowIfNegative(actual);
        var events = new EventBuffer(listener) { Cause = hold.Accounts };
        bool isKnown;
        lock (_gate)
        {
            isKnown = _book.Endings.TrySettle(hold, actual, ref events);
        }

        if (!isKnown)
        {
            SettleUnknown(hold, actual, ref events);
        }

        events.Raise();
    }

    public ValueTask AdjustAsync(Hold hold, Charge settled, Charge actual, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(hold.Accounts);
        ThrowIfNegative(settled);
        ThrowIfNegative(actual);
        var events = new EventBuffer(listener) { Cause = hold.Accounts };
        lock (_gate)
        {
            long now = _clock.Now();
            _book.Endings.Expire(now, Help, ref events);
            _book.Endings.Adjust(hold, settled, actual, now, ref events);
        }

        events.Raise();
        return ValueTask.CompletedTask;
    }

    public ValueTask ReleaseAsync(Hold hold, CancellationToken cancellationToken)
    {
        Release(hold);
        return ValueTask.CompletedTask;
    }

    /// <summary>As <see cref="ReleaseAsync"/>, for who knows that nothing is awaited here.</summary>
    public void Release(in Hold hold)
    {
        ArgumentNullException.ThrowIfNull(hold.Accounts);
        var events = new EventBuffer(listener) { Cause = hold.Accounts };
        lock (_gate)
        {
            long now = _clock.Now();
            _book.Endings.Release(hold, now, ref events);
        }

        events.Raise();
    }

    public ValueTask<AccountState> ReadAsync(Account account, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(account);
        var events = new EventBuffer(listener);
        AccountState state;
        lock (_gate)
        {
            long now = _clock.Now();
            _book.Endings.Expire(now, int.MaxValue, ref events);
            state = _book.Read(account, now, ref events);
        }

        events.Raise();
        return new ValueTask<AccountState>(state);
    }

    /// <summary>How much of each budget is used. Looked at in pieces, so that no hold waits for long.</summary>
    public List<BudgetUtilization> ReadUtilization()
    {
        AccountGroup[] groups;
        var events = new EventBuffer(listener);
        lock (_gate)
        {
            _book.Endings.Expire(_clock.Now(), int.MaxValue, ref events);
            groups = _book.Accounts.Groups;
        }

        events.Raise();
        var all = new List<BudgetUtilization>(groups.Length);
        foreach (AccountGroup group in groups)
        {
            BudgetUtilization fullest = default;
            int count = 0;
            for (int first = 0; first <= count; first += AccountsAtOnce)
            {
                lock (_gate)
                {
                    count = group.Count;
                    BudgetUtilization some = group.Fullest(first, AccountsAtOnce, _clock.Now());
                    fullest = some.Limit > 0 && (fullest.Limit == 0 || some.IsFullerThan(fullest)) ? some : fullest;
                }
            }

            if (fullest.Limit > 0)
            {
                all.Add(fullest);
            }
        }

        return all;
    }

    /// <inheritdoc/>
    /// <remarks>A new negative number each time as long as the accounts are not known or have to be looked up anew: nothing is remembered under it.</remarks>
    public long ReadFreedVersion(AccountSet accounts)
    {
        ArgumentNullException.ThrowIfNull(accounts);
        if (accounts.TrackerState is not AccountPath path || !path.IsCurrent(_book.Accounts))
        {
            return Interlocked.Decrement(ref _unknownVersion);
        }

        long sum = 0;
        foreach (AccountLedger ledger in path.Ledgers)
        {
            sum += ledger.Freed;
        }

        return sum;
    }

    private void SettleUnknown(in Hold hold, in Charge actual, ref EventBuffer events)
    {
        ArgumentNullException.ThrowIfNull(hold.Accounts);
        lock (_gate)
        {
            long now = _clock.Now();
            _book.Endings.Expire(now, Help, ref events);
            if (!_book.Endings.TrySettle(hold, actual, ref events))
            {
                _book.Endings.SettleUnknown(hold, actual, now, ref events);
            }
        }
    }

    private static void ThrowIfNegative(in Charge charge)
    {
        if ((charge.Cost.Nanos | charge.Tokens | charge.Requests) < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(charge), charge, "No part of a charge is negative.");
        }
    }
}
