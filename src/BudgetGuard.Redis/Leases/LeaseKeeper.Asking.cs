namespace BudgetGuard.Redis;

/// <summary>What is asked for while nobody waits: a part of an account, and what other nodes do not use.</summary>
internal sealed partial class LeaseKeeper
{
    private const int MostCalledBack = 10_000;

    private static readonly TimeSpan CallAgain = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan PauseWhenLow = TimeSpan.FromSeconds(1);

    private readonly List<Task> _inFlight = [];
    private readonly Dictionary<AccountKey, long> _calledBack = [];

    /// <summary>Asks all nodes for what they have of some accounts and do not use; in the background, and not again for a while.</summary>
    public void CallBack(AccountSet accounts)
    {
        long timestamp = _time.GetTimestamp();
        lock (_gate)
        {
            bool isNew = false;
            foreach (Account account in accounts.Accounts)
            {
                isNew |= !_calledBack.TryGetValue(account.Key, out long before) || _time.GetElapsedTime(before, timestamp) > CallAgain;
            }

            if (!isNew || _stop.IsCancellationRequested)
            {
                return;
            }

            if (_calledBack.Count >= MostCalledBack)
            {
                _calledBack.Clear();
            }

            foreach (Account account in accounts.Accounts)
            {
                _calledBack[account.Key] = timestamp;
            }
        }

        Run(CallBackAsync(accounts));
    }

    private void Borrow(LeasedAccount account)
    {
        if (_book.TryBeginBorrowing(account))
        {
            Run(BorrowAsync(account));
        }
    }

    /// <summary>Lets something go on that nobody waits for but the end.</summary>
    private void Run(Task task)
    {
        if (!task.IsCompleted)
        {
            lock (_gate)
            {
                _inFlight.RemoveAll(static one => one.IsCompleted);
                _inFlight.Add(task);
            }
        }
    }

    private async Task CallBackAsync(AccountSet accounts)
    {
        try
        {
            await _direct.CallBackAsync(accounts, _stop).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            if (!_stop.IsCancellationRequested)
            {
                _signals.LeaseFailed(failure);
            }
        }
    }

    private async Task BorrowAsync(LeasedAccount account)
    {
        TimeSpan pause = TimeSpan.Zero;
        try
        {
            pause = await TryBorrowAsync(account).ConfigureAwait(false) ? TimeSpan.Zero : PauseWhenLow;
        }
        catch (Exception failure)
        {
            pause = PauseWhenLow;
            if (!_stop.IsCancellationRequested)
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
        BudgetGuard.Accounting.CalendarWindow window = account.Place.WindowAt(_direct.ServerNow);
        long end = window.End == long.MaxValue ? long.MaxValue : window.End - Margin.Ticks;
        if (_direct.ServerNow >= end || _direct.ServerNow < window.Start + Margin.Ticks)
        {
            // So near to the edge of a window nobody knows for sure which of the two it would come from.
            return false;
        }

        long left = _book.LeftOf(account) ?? (await _direct.ReadAsync(account.Place.Account, _stop).ConfigureAwait(false)).Available;
        long slice = account.SliceOf(left, _direct.Nodes);
        if (slice <= 0)
        {
            _book.LeftIsUnknown(account);
            return false;
        }

        long asked = _time.GetTimestamp();
        long until = end == long.MaxValue ? long.MaxValue : asked + Ticks(TimeSpan.FromTicks(end - _direct.ServerNow));
        if (await _direct.BorrowAsync(account.Single, account.ChargeOf(slice), Ttl, _stop).ConfigureAwait(false) is not { } borrowed)
        {
            _book.LeftIsUnknown(account);
            return false;
        }

        var lease = new Lease(account, borrowed.Hold, account.LocalOf(borrowed.Hold.Id, slice), borrowed.Left, asked + Ticks(Ttl - Margin), end, until)
        {
            LastUsed = asked,
        };
        _book.Add(lease);
        return true;
    }
}
