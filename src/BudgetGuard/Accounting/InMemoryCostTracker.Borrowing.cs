namespace BudgetGuard.Accounting;

/// <summary>How a node decides on what it has borrowed: on accounts that come and go, whose holds may end when they are gone.</summary>
internal sealed partial class InMemoryCostTracker
{
    /// <summary>True if a hold was taken here, whether or not it is remembered.</summary>
    public bool IsOwn(HoldId id) => _book.IsOwn(id);

    /// <summary>Adds to a hold; false, and nothing is done, where an account of it does not admit that, is closed, or is gone.</summary>
    public bool TryExtend(in Hold hold, in Charge more, out HoldResult result)
    {
        ThrowIfNegative(more);
        var events = new EventBuffer(listener);
        lock (_gate)
        {
            long now = _clock.Now();
            _book.Endings.Expire(now, int.MaxValue, ref events);
            result = default;
            if (_book.IsClosed(hold.Id))
            {
                return false;
            }

            result = _book.Extend(hold, more, now, ref events);
        }

        return result.Outcome != HoldOutcome.Refused;
    }

    /// <summary>How long a hold lasts from when it was last heard of; null where it is not open.</summary>
    public TimeSpan? TtlOf(HoldId id)
    {
        lock (_gate)
        {
            return _book.TtlOf(id);
        }
    }

    /// <summary>Ends a hold without a trace, because another takes its place; false if it has ended already.</summary>
    public bool TryReplace(in Hold hold)
    {
        var events = new EventBuffer(listener);
        lock (_gate)
        {
            if (_book.TtlOf(hold.Id) is null)
            {
                return false;
            }

            _book.Endings.Release(hold, _clock.Now(), ref events);
            return true;
        }
    }

    /// <summary>Settles a hold that is remembered; false if it is not.</summary>
    /// <param name="hold">The hold.</param>
    /// <param name="actual">What it used.</param>
    /// <param name="late">What it cannot count any more, because accounts of it are gone.</param>
    public bool TrySettleKnown(in Hold hold, in Charge actual, out LateEnding late)
    {
        var events = new EventBuffer(listener);
        lock (_gate)
        {
            late = _book.LateOf(hold.Id);
            return _book.Endings.TrySettle(hold, actual, ref events);
        }
    }

    /// <summary>Corrects a hold that is remembered; false if it is not.</summary>
    public bool TryAdjustKnown(in Hold hold, in Charge settled, in Charge actual, out LateEnding late)
    {
        var events = new EventBuffer(listener);
        lock (_gate)
        {
            late = _book.LateOf(hold.Id);
            if (!_book.IsKnown(hold.Id))
            {
                return false;
            }

            _book.Endings.Adjust(hold, settled, actual, _clock.Now(), ref events);
            return true;
        }
    }

    /// <summary>Releases a hold that is remembered; false if it is not.</summary>
    public bool TryReleaseKnown(in Hold hold, out LateEnding late)
    {
        var events = new EventBuffer(listener);
        lock (_gate)
        {
            late = _book.LateOf(hold.Id);
            if (!_book.IsKnown(hold.Id))
            {
                return false;
            }

            _book.Endings.Release(hold, _clock.Now(), ref events);
            return true;
        }
    }

    /// <summary>Notes that a hold that is not remembered is settled now; false if it was before.</summary>
    public bool TrySettleForgotten(HoldId id)
    {
        lock (_gate)
        {
            return _book.TrySettleForgotten(id);
        }
    }

    /// <summary>From now on no hold grows on an account; those that are on it end as they would.</summary>
    public void Close(Account account)
    {
        lock (_gate)
        {
            _book.Accounts.GroupOf(account).Find(account, _clock.Now())?.Close();
        }
    }

    /// <summary>Takes an account out; holds that are remembered go on in it, and count nowhere. Tells its last figures. False, and nothing is done, where something is held.</summary>
    public bool TryDrop(Account account, bool evenHeld, out AccountState last)
    {
        var events = new EventBuffer(listener);
        lock (_gate)
        {
            long now = _clock.Now();
            _book.Endings.Expire(now, int.MaxValue, ref events);
            last = _book.Read(account, now, ref events);
            if (last.Held > 0 && !evenHeld)
            {
                return false;
            }

            _book.Accounts.GroupOf(account).Drop(account);
            return true;
        }
    }

    /// <summary>What an account has, with the holds that are over ended.</summary>
    public AccountState Read(Account account)
    {
        var events = new EventBuffer(listener);
        lock (_gate)
        {
            long now = _clock.Now();
            _book.Endings.Expire(now, int.MaxValue, ref events);
            return _book.Read(account, now, ref events);
        }
    }
}

/// <summary>What of a hold is no longer counted where it was taken.</summary>
/// <param name="Gone">A bit for each of its accounts that is gone.</param>
/// <param name="Counted">What they counted for it when they went: what it held and what it was charged.</param>
/// <param name="IsSettled">True if it was settled before.</param>
/// <param name="Keys">Which they are, each at its place; null where none is gone.</param>
internal readonly record struct LateEnding(ulong Gone, Charge Counted, bool IsSettled, AccountKey[] Keys);
