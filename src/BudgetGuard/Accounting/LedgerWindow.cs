namespace BudgetGuard.Accounting;

/// <summary>What one hold has on one account: in which window (and slice of a rolling one) it was taken, what it holds and what it has settled there.</summary>
internal struct HoldEntry
{
    public LedgerWindow Window;
    public long Slice;
    public long Held;
    public long Settled;
}

/// <summary>
/// The figures of an account in one window. A rolling account has one for ever, whose slices come and go. Settled, held and debt are each at least
/// zero and together at most <see cref="long.MaxValue"/>, so that no sum or difference of them overflows: what does not fit under that is cut off,
/// which is beyond nine billion dollars and refuses everything anyway.
/// </summary>
internal sealed partial class LedgerWindow(AccountLedger ledger, in CalendarWindow bounds, RollingSlices? slices)
{
    private int _untilSample;

    public AccountLedger Ledger { get; } = ledger;

    public BudgetUnit Unit { get; } = ledger.Unit;

    public RollingSlices? Slices { get; } = slices;

    public long Index { get; } = bounds.Index;

    public long Start { get; } = bounds.Start;

    /// <summary>The end of the window, or of the rolling window's latest slice.</summary>
    public long End { get; private set; } = bounds.End;

    /// <summary>When the account has to look at the clock again: at its end, or before that when a top-up ends.</summary>
    public long LookAt { get; private set; } = bounds.End;

    /// <summary>When the next of the account's top-ups ends.</summary>
    public long TopUpEnds
    {
        get;
        set
        {
            field = value;
            LookAt = Math.Min(End, value);
        }
    } = long.MaxValue;

    public long Settled { get; private set; }

    public long Held { get; private set; }

    public long Debt { get; private set; }

    /// <summary>The limit it ended with; set when the next window opens.</summary>
    public long FinalLimit { get; private set; }

    /// <summary>The limit of the windows after it; set when the next window opens.</summary>
    private long LaterLimit { get; set; }

    /// <summary>The window after this one, for budgets that carry debt: a late settlement here changes what that one opened with.</summary>
    public LedgerWindow? Next { get; set; }

    /// <summary>The amount at which the next threshold is reached.</summary>
    public long Mark { get; set; }

    /// <summary>How many holds are open that were taken in it.</summary>
    public int OpenHolds { get; set; }

    /// <summary>The latest window before this one in which holds were still open when this one opened.</summary>
    public LedgerWindow? Previous { get; private set; }

    /// <summary>Grows when this is no longer the account's window or its limit may be another: what was noted of it has to be looked up anew.</summary>
    public int Revision { get; private set; }

    /// <summary>What it has told; null as long as that is nothing.</summary>
    public WindowNotices? Notices { get; private set; }

    public WindowNotices NoticesOrNew => Notices ??= new WindowNotices();

    /// <summary>Use below this amount ends something that was told; 0 where nothing was.</summary>
    public long RecoverBelow { get; set; }

    /// <summary>The least settlement that may be a spike.</summary>
    public long SpikeMark { get; private set; } = ledger.LeastSpike;

    public long Used => Settled + Held + Debt;

    /// <summary>True if holds are open in it, or in a window before it.</summary>
    public bool HasOpenHolds
    {
        get
        {
            LedgerWindow? window = this;
            while (window is { OpenHolds: 0 })
            {
                window = window.Previous;
            }

            return window is not null;
        }
    }

    public void Revise() => Revision++;

    /// <summary>Notes the limit it ended with, and that of the windows after it.</summary>
    public void Close(long limit, long laterLimit)
    {
        if (limit != FinalLimit || laterLimit != LaterLimit)
        {
            (FinalLimit, LaterLimit) = (limit, laterLimit);
            Touch();
        }
    }

    /// <summary>Takes on what the account's newest terms and limit say.</summary>
    public void LimitChanged()
    {
        Mark = 0;
        SpikeMark = Ledger.LeastSpike;
        _untilSample = 0;
    }

    /// <summary>
    /// Remembers of the windows before this one only those in which holds are open: an account that is never without one would keep all of them.
    /// </summary>
    public void Follow(LedgerWindow before)
    {
        LedgerWindow last = this;
        for (LedgerWindow? window = before; window is not null; window = window.Previous)
        {
            if (window.OpenHolds > 0)
            {
                last.Previous = window;
                last = window;
            }
        }

        last.Previous = null;
    }

    /// <summary>Opens an entry in the latest slice that sets an amount aside.</summary>
    public void Take(ref HoldEntry entry, long amount)
    {
        Touch();
        Open(ref entry);
        if (Slices is null && amount <= long.MaxValue - Used)
        {
            entry.Held = amount;
            Held += amount;
        }
        else
        {
            Move(ref entry, amount, 0);
        }
    }

    /// <summary>Opens an entry of nothing, in the latest slice.</summary>
    public void Open(ref HoldEntry entry)
    {
        // A slot is often used again for the same accounts; a reference that is written costs more than one that is compared.
        if (!ReferenceEquals(entry.Window, this))
        {
            entry.Window = this;
        }

        entry.Slice = Slices?.Latest ?? 0;
        entry.Held = 0;
        entry.Settled = 0;
    }

    /// <summary>
    /// Settles an entry whose hold covers it, where that has no consequences but for what becomes free; false, and nothing is done, where it has.
    /// </summary>
    public bool TrySettle(ref HoldEntry entry, long amount)
    {
        long held = entry.Held;
        if (Slices is not null || Next is not null || amount > held || entry.Settled != 0 || Settled + amount + Debt >= Mark
            || amount >= SpikeMark)
        {
            return false;
        }

        Touch();
        entry.Held = 0;
        entry.Settled = amount;
        Held -= held;
        Settled += amount;
        if (amount < held)
        {
            Ledger.Free();
        }

        if (--_untilSample < 0)
        {
            _untilSample = Ledger.SampleRequest(amount);
        }

        return true;
    }

    /// <summary>Brings what an entry holds and has settled to new figures. What a rolling window no longer counts changes only the entry.</summary>
    public void Move(ref HoldEntry entry, long held, long settled)
    {
        Touch();
        long heldBy = held - entry.Held;
        long settledBy = settled - entry.Settled;
        if (Slices is null && heldBy <= 0 && settledBy >= 0 && settledBy <= -heldBy)
        {
            // The common case: less is settled than was held, so that nothing can be cut off.
            entry.Held = held;
            entry.Settled = settled;
            Held += heldBy;
            Settled += settledBy;
            return;
        }

        settledBy = Math.Max(settledBy, -Settled);
        long room = long.MaxValue - (Used + Math.Min(heldBy, 0) + Math.Min(settledBy, 0));
        heldBy = Math.Min(heldBy, room);
        settledBy = Math.Min(settledBy, room - Math.Max(heldBy, 0));
        entry.Held += heldBy;
        entry.Settled += settledBy;
        if (Slices is null || Slices.TryAdd(entry.Slice, settledBy, heldBy))
        {
            Held += heldBy;
            Settled += settledBy;
        }
    }

    /// <summary>Takes settled use back that no remembered hold accounts for; never below zero.</summary>
    public void TakeBack(long amount)
    {
        Touch();
        Settled -= Slices?.TakeBack(amount) ?? Math.Min(amount, Settled);
    }

    /// <summary>Moves a rolling window on; what has left no longer counts.</summary>
    public void Advance(long now)
    {
        Touch();
        (long settled, long held) = Slices!.Advance(now);
        Settled -= settled;
        Held -= held;
        End = Slices.EndOfLatest;
        LookAt = Math.Min(End, TopUpEnds);
    }

    /// <summary>True if an entry of this window is still counted in it.</summary>
    public bool Counts(in HoldEntry entry) => Slices is null || Slices.Counts(entry.Slice);

    /// <summary>
    /// What this window ended above its limit, as it opens the window of a later number: each window in between that nobody used pays off one limit.
    /// </summary>
    public long DebtInto(long index)
    {
        long excess = Settled + Debt - FinalLimit;
        if (excess <= 0)
        {
            return 0;
        }

        Int128 left = excess - ((Int128)LaterLimit * (index - Index - 1));
        return left > 0 ? (long)left : 0;
    }

    /// <summary>Sets what the window opened with; true if that changed.</summary>
    public bool SetDebt(long debt)
    {
        long fitting = Math.Min(debt, long.MaxValue - Settled - Held);
        if (fitting == Debt)
        {
            return false;
        }

        Debt = fitting;
        Touch();
        return true;
    }
}
