namespace BudgetGuard.Redis;

/// <summary>What is done in the background for what is borrowed: it is borrowed, renewed, told what of it was spent, and given back.</summary>
internal sealed partial class LeaseKeeper : IAsyncDisposable
{
    /// <summary>How long a part stays held if nobody hears of its node any more.</summary>
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan RenewAfter = TimeSpan.FromSeconds(20);

    // How long before its end nothing is taken on a part: as much as clocks may drift apart, and more.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Round = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Report = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LastWait = TimeSpan.FromSeconds(5);

    private readonly LeaseBook _book;
    private readonly RedisCostTracker _direct;
    private readonly TimeProvider _time;
    private readonly RedisSignals _signals;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationToken _stop;
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly Lock _gate = new();
    private readonly Task _running;
    private long _reported;
    private long _losses;

    public LeaseKeeper(LeaseBook book, RedisCostTracker direct, TimeProvider time, RedisSignals signals)
    {
        _book = book;
        _direct = direct;
        _time = time;
        _signals = signals;
        _stop = _stopping.Token;
        _reported = time.GetTimestamp();
        book.Wanted += Borrow;
        _running = RunAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        using var last = new CancellationTokenSource(LastWait, _time);
        (int left, Exception? why) = (0, null);
        foreach (Lease lease in _book.All)
        {
            _book.Close(lease);
            try
            {
                await TellAsync(lease, isLast: true, last.Token).ConfigureAwait(false);
            }
            catch (Exception failure)
            {
                // The outbox has it, and tries once more.
                (left, why) = (left + 1, failure);
            }
        }

        if (why is not null)
        {
            _signals.LeasesLeft(left, why);
        }

        _stopping.Dispose();
        _one.Dispose();
    }

    public async ValueTask StopAsync()
    {
        _book.Wanted -= Borrow;
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        Task[] inFlight;
        lock (_gate)
        {
            inFlight = [.. _inFlight];
        }

        await Task.WhenAll(inFlight).ConfigureAwait(false);
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
        if (_book.Local.TtlOf(hold.Id) is not { } ttl)
        {
            return new HoldResult(HoldOutcome.Conflict, default, default);
        }

        await GiveBackAsync(hold.Accounts, cancellationToken).ConfigureAwait(false);
        Charge whole = BudgetGuard.Accounting.Saturating.Add(hold.Amount, more);
        HoldResult result = await _direct.HoldAsync(new HoldRequest(hold.Accounts, whole, ttl), cancellationToken).ConfigureAwait(false);
        if (result.Outcome != HoldOutcome.Held)
        {
            return result;
        }

        _book.Moved(hold.Id, result.Hold.Id);
        if (_book.Local.TryReplace(hold))
        {
            return result with { Hold = hold with { Amount = whole } };
        }

        // It ended meanwhile, as the smaller hold it was.
        _book.NotMoved(hold.Id);
        await _direct.ReleaseAsync(result.Hold, cancellationToken).ConfigureAwait(false);
        return new HoldResult(HoldOutcome.Conflict, default, default);
    }

    /// <summary>One round of what is done in the background.</summary>
    public async ValueTask KeepAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            long timestamp = _time.GetTimestamp();
            CloseOld(timestamp);
            long losses = _direct.Losses;
            bool isLost = losses != _losses;
            _losses = losses;
            bool reports = _time.GetElapsedTime(_reported, timestamp) >= Report;
            _reported = reports ? timestamp : _reported;
            Exception? failed = null;
            foreach (Lease lease in _book.All)
            {
                try
                {
                    // A server that has lost something was told of parts as they were when they were borrowed.
                    lease.Told = isLost ? default : lease.Told;
                    if (lease.IsClosed || reports)
                    {
                        await TellAsync(lease, isLast: false, cancellationToken).ConfigureAwait(false);
                    }

                    await RenewAsync(lease, timestamp, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception failure) when (failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
                {
                    // One that cannot be told keeps no other from it.
                    failed = failure;
                }
            }

            if (failed is not null)
            {
                _signals.LeaseFailed(failed);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    private void CloseOld(long timestamp)
    {
        HashSet<string>? recalled = _direct.TakeRecalled();
        foreach (Lease lease in _book.All)
        {
            if (recalled?.Contains(lease.Account.Place.Own!) == true
                || !lease.IsUsable(timestamp)
                || _direct.ServerNow >= lease.WindowEnd
                || _time.GetElapsedTime(lease.LastUsed, timestamp) > Idle)
            {
                _book.Close(lease);
            }
        }

        _book.ForgetIdle();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(Round, _time, _stop).ConfigureAwait(false);
                await KeepAsync(_stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The end of it.
        }
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
        LeasedAccount account = lease.Account;

        // Taken out before it is told: what ends from now on is charged to the shared account. A hold that is open while its node ends has nobody to end it.
        if (_book.TryRemove(lease, evenHeld: isLast, out AccountState last))
        {
            await _direct.SettleAsync(lease.Hold, account.ChargeOf(last.Settled + last.Held), cancellationToken).ConfigureAwait(false);
            return;
        }

        if (!_book.TryRead(lease, out AccountState state, out bool isClosed))
        {
            return;
        }

        // Never less than may still become of it: of an open part all that is not spent, of a closed one, on which nothing grows any more, what is held.
        long kept = isClosed ? state.Held : Math.Max(state.Held, lease.Local.Limit - state.Settled);
        if (lease.Told != (kept, state.Settled))
        {
            bool isOpen = await _direct.ReportAsync(lease.Hold, account.ChargeOf(kept), account.ChargeOf(state.Settled), cancellationToken).ConfigureAwait(false);
            lease.Told = (kept, state.Settled);
            if (!isOpen)
            {
                _book.Close(lease);
            }
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);
}
