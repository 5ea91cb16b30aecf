namespace BudgetGuard.Redis;

/// <summary>What is done in the background for what is borrowed: it is borrowed, renewed, told what of it was spent, and given back.</summary>
internal sealed class LeaseKeeper : IAsyncDisposable
{
    /// <summary>How long a part stays held if nobody hears of its node any more.</summary>
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan RenewAfter = TimeSpan.FromSeconds(20);

    // How long before its end nothing is taken on a part: as much as clocks may drift apart, and more.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Round = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Report = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PauseWhenLow = TimeSpan.FromSeconds(1);

    // How long a hold lasts that had to move to the shared accounts: as long as one does whose request says nothing.
    private static readonly TimeSpan Moved = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LastWait = TimeSpan.FromSeconds(5);

    private readonly LeaseBook _book;
    private readonly RedisCostTracker _direct;
    private readonly TimeProvider _time;
    private readonly RedisSignals _signals;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly Task _running;
    private long _recalls;
    private long _reported;

    public LeaseKeeper(LeaseBook book, RedisCostTracker direct, TimeProvider time, RedisSignals signals)
    {
        _book = book;
        _direct = direct;
        _time = time;
        _signals = signals;
        _reported = time.GetTimestamp();
        book.Wanted += account => _ = BorrowAsync(account);
        _running = RunAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        using var last = new CancellationTokenSource(LastWait, _time);
        try
        {
            foreach (Lease lease in _book.All)
            {
                _book.Close(lease);
                await TellAsync(lease, isLast: true, last.Token).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is RedisUnavailableException or OperationCanceledException)
        {
            _signals.LeasesLeft(_book.All.Length, failure);
        }

        _stopping.Dispose();
        _one.Dispose();
    }

    public async ValueTask StopAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
    }

    /// <summary>Gives back what this node has of some accounts and does not use; false if that is nothing.</summary>
    public async ValueTask<bool> GiveBackAsync(AccountSet accounts, CancellationToken cancellationToken)
    {
        Lease[] open = _book.OpenOf(accounts);
        foreach (Lease lease in open)
        {
            _book.Close(lease);
            await TellAsync(lease, isLast: false, cancellationToken).ConfigureAwait(false);
        }

        return open.Length > 0;
    }

    /// <summary>Makes a hold of this node one of the shared accounts, with more than it had; or leaves it as it was.</summary>
    public async ValueTask<HoldResult> MoveAsync(Hold hold, Charge more, CancellationToken cancellationToken)
    {
        await GiveBackAsync(hold.Accounts, cancellationToken).ConfigureAwait(false);
        Charge whole = BudgetGuard.Accounting.Saturating.Add(hold.Amount, more);
        HoldResult result = await _direct.HoldAsync(new HoldRequest(hold.Accounts, whole, Moved), cancellationToken).ConfigureAwait(false);
        if (result.Outcome != HoldOutcome.Held)
        {
            return result;
        }

        _book.Moved(hold.Id, result.Hold.Id);
        _book.Local.TryReleaseKnown(hold);
        return result with { Hold = hold with { Amount = whole } };
    }

    /// <summary>One round of what is done in the background.</summary>
    public async ValueTask KeepAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            long timestamp = _time.GetTimestamp();
            bool isRecall = _direct.Recalls != _recalls;
            _recalls = _direct.Recalls;
            bool reports = _time.GetElapsedTime(_reported, timestamp) >= Report;
            _reported = reports ? timestamp : _reported;
            foreach (Lease lease in _book.All)
            {
                if (isRecall || !lease.IsUsable(timestamp, _direct.ServerNow) || _time.GetElapsedTime(lease.LastUsed, timestamp) > Idle)
                {
                    _book.Close(lease);
                }

                if (lease.IsClosed || reports)
                {
                    await TellAsync(lease, isLast: false, cancellationToken).ConfigureAwait(false);
                }

                await RenewAsync(lease, timestamp, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(Round, _time, _stopping.Token).ConfigureAwait(false);
                try
                {
                    await KeepAsync(_stopping.Token).ConfigureAwait(false);
                }
                catch (Exception failure) when (!_stopping.IsCancellationRequested)
                {
                    _signals.LeaseFailed(failure);
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The end of it.
        }
    }

    private async Task BorrowAsync(LeasedAccount account)
    {
        if (!_book.TryBeginBorrowing(account))
        {
            return;
        }

        TimeSpan pause = TimeSpan.Zero;
        try
        {
            pause = await TryBorrowAsync(account).ConfigureAwait(false) ? TimeSpan.Zero : PauseWhenLow;
        }
        catch (Exception failure)
        {
            pause = PauseWhenLow;
            if (!_stopping.IsCancellationRequested)
            {
                _signals.LeaseFailed(failure);
            }
        }
        finally
        {
            _book.EndBorrowing(account, pause);
        }
    }

    private async Task<bool> TryBorrowAsync(LeasedAccount account)
    {
        CancellationToken stopping = _stopping.Token;
        BudgetGuard.Accounting.CalendarWindow window = account.Place.WindowAt(_direct.ServerNow);
        long end = window.End == long.MaxValue ? long.MaxValue : window.End - Margin.Ticks;
        if (_direct.ServerNow >= end || _direct.ServerNow < window.Start + Margin.Ticks)
        {
            // So near to the edge of a window nobody knows for sure which of the two it would come from.
            return false;
        }

        long left = _book.LeftOf(account) ?? (await _direct.ReadAsync(account.Place.Account, stopping).ConfigureAwait(false)).Available;
        long slice = account.SliceOf(left, _direct.Nodes);
        if (slice <= 0)
        {
            _book.LeftIsUnknown(account);
            return false;
        }

        long asked = _time.GetTimestamp();
        if (await _direct.BorrowAsync(account.Single, account.ChargeOf(slice), Ttl, stopping).ConfigureAwait(false) is not { } borrowed)
        {
            _book.LeftIsUnknown(account);
            return false;
        }

        var lease = new Lease(account, borrowed.Hold, account.LocalOf(borrowed.Hold.Id, slice), borrowed.Left, asked + Ticks(Ttl - Margin), end) { LastUsed = asked };
        _book.Add(lease);
        return true;
    }

    private async ValueTask RenewAsync(Lease lease, long timestamp, CancellationToken cancellationToken)
    {
        if (timestamp < lease.UsableUntil - Ticks(Ttl - Margin - RenewAfter) || !_book.Has(lease))
        {
            return;
        }

        if (await _direct.RenewAsync(lease.Hold, cancellationToken).ConfigureAwait(false))
        {
            lease.UsableUntil = timestamp + Ticks(Ttl - Margin);
        }
        else
        {
            _book.Close(lease);
        }
    }

    /// <summary>Tells what was spent of a part, and what is kept of it; of a closed one without holds, that it is all.</summary>
    private async ValueTask TellAsync(Lease lease, bool isLast, CancellationToken cancellationToken)
    {
        AccountState state = await _book.Local.ReadAsync(lease.Local, cancellationToken).ConfigureAwait(false);
        LeasedAccount account = lease.Account;
        if (lease.IsClosed && (state.Held == 0 || isLast))
        {
            // Taken out before it is told: what ends from now on is charged to the shared account. A hold that is open while its node ends has nobody to end it.
            if (_book.TryRemove(lease, out AccountState last))
            {
                await _direct.SettleAsync(lease.Hold, account.ChargeOf(last.Settled + last.Held), cancellationToken).ConfigureAwait(false);
            }

            return;
        }

        long kept = lease.IsClosed ? state.Held : Math.Max(0, lease.Local.Limit - state.Settled);
        if (lease.Told != (kept, state.Settled))
        {
            await _direct.ReportAsync(lease.Hold, account.ChargeOf(kept), account.ChargeOf(state.Settled), cancellationToken).ConfigureAwait(false);
            lease.Told = (kept, state.Settled);
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);
}
