namespace BudgetGuard.Accounting;

/// <summary>
/// How holds end: settled, released or expired. A state only moves up, so that what becomes of a hold depends on which of these happened, not on their
/// order: a settlement corrects an expiry and outlasts a release, a release takes back what an expiry charged.
/// </summary>
internal sealed class HoldEndings(AccountTable accounts, HoldSlab holds, ExpiryHeap expiry, Func<ExpiredHolds> whenExpired)
{
    private long _lastNow;

    /// <summary>The latest instant it was asked at.</summary>
    public long Latest => _lastNow;

    /// <summary>Settles a hold that is open or remembered; false if it is neither, and then the caller has to know the time.</summary>
    public bool TrySettle(in Hold hold, in Charge actual, ref EventBuffer events)
    {
        int index = holds.Find(hold.Id);
        if (index < 0)
        {
            return false;
        }

        ref HoldSlot slot = ref holds[index];
        if (slot.State != HoldState.Settled)
        {
            foreach (ref HoldEntry entry in slot.Used)
            {
                LedgerWindow window = entry.Window;
                long amount = actual.In(window.Unit);
                if (!window.TrySettle(ref entry, amount))
                {
                    window.Ledger.Settle(ref entry, amount, ref events);
                }
            }

            End(ref slot, index, HoldState.Settled);
        }

        return true;
    }

    /// <summary>Settles a hold that nobody knows in the current windows; remembered from then on, if it has an id of its own.</summary>
    public void SettleUnknown(in Hold hold, in Charge actual, long now, ref EventBuffer events)
    {
        if (holds.IsOwn(hold.Id) && !holds.TrySettleForgotten(hold.Id))
        {
            return;
        }

        if (hold.Id == default || holds.IsOwn(hold.Id))
        {
            ChargeNow(hold.Accounts, actual, now, ref events);
            return;
        }

        int index = Adopt(hold, HoldState.Settled, now, ref events);
        foreach (ref HoldEntry entry in holds[index].Used)
        {
            entry.Window.Ledger.Settle(ref entry, entry.Window.Ledger.AmountOf(actual), ref events);
        }
    }

    public void Adjust(in Hold hold, in Charge settled, in Charge actual, long now, ref EventBuffer events)
    {
        int index = holds.Find(hold.Id);
        if (index >= 0 && holds[index].State != HoldState.Settled)
        {
            // The settlement it corrects never arrived.
            TrySettle(hold, actual, ref events);
            return;
        }

        if (index >= 0)
        {
            foreach (ref HoldEntry entry in holds[index].Used)
            {
                AccountLedger ledger = entry.Window.Ledger;
                long by = ledger.AmountOf(actual) - ledger.AmountOf(settled);
                ledger.Move(ref entry, 0, Math.Max(0, Saturating.Add(entry.Settled, by)), ref events);
            }

            holds.Touch(index);

            return;
        }

        AccountPath path = accounts.PathOf(hold.Accounts, now, ref events);
        foreach (AccountLedger ledger in path.Ledgers)
        {
            long by = ledger.AmountOf(actual) - ledger.AmountOf(settled);
            if (by < 0)
            {
                ledger.TakeBack(-by, now, ref events);
            }
            else
            {
                ChargeNow(ledger, by, now, ref events);
            }
        }
    }

    public void Release(in Hold hold, long now, ref EventBuffer events)
    {
        int index = holds.Find(hold.Id);
        if (index < 0)
        {
            // The release of a hold that is still on its way ends it before it begins.
            if (hold.Id != default && !holds.IsOwn(hold.Id))
            {
                Adopt(hold, HoldState.Released, now, ref events);
            }

            return;
        }

        ref HoldSlot slot = ref holds[index];
        if (slot.State < HoldState.Released)
        {
            foreach (ref HoldEntry entry in slot.Used)
            {
                entry.Window.Ledger.Move(ref entry, 0, 0, ref events);
            }

            End(ref slot, index, HoldState.Released);
        }
    }

    /// <summary>Ends up to so many of the holds whose time is over.</summary>
    public void Expire(long now, int atMost, ref EventBuffer events)
    {
        _lastNow = Math.Max(_lastNow, now);
        if (!expiry.TryPeekDue(now, out int index))
        {
            return;
        }

        bool charges = whenExpired() == ExpiredHolds.Charge;
        AccountSet? cause = events.Cause;
        do
        {
            ref HoldSlot slot = ref holds[index];
            events.Cause = slot.Accounts;
            foreach (ref HoldEntry entry in slot.Used)
            {
                AccountLedger ledger = entry.Window.Ledger;
                ledger.Move(ref entry, 0, charges && ledger.Unit != BudgetUnit.Concurrency ? entry.Held : 0, ref events);
                ledger.Free();
            }

            End(ref slot, index, HoldState.Expired);
        }
        while (--atMost > 0 && expiry.TryPeekDue(now, out index));

        events.Cause = cause;
    }

    private void End(ref HoldSlot slot, int index, HoldState state)
    {
        if (slot.State != HoldState.Held)
        {
            slot.State = state;
            holds.Touch(index);
            return;
        }

        expiry.Remove(slot.HeapPlace);
        foreach (ref HoldEntry entry in slot.Used)
        {
            entry.Window.OpenHolds--;
        }

        holds.Close(ref slot, index, state, _lastNow);
    }

    /// <summary>Remembers a hold of whose beginning nothing is known, with nothing in the current windows.</summary>
    private int Adopt(in Hold hold, HoldState state, long now, ref EventBuffer events)
    {
        AccountPath path = accounts.PathOf(hold.Accounts, now, ref events);
        int index = holds.Take(hold.Id, hold.Accounts, now);
        ref HoldSlot slot = ref holds[index];
        slot.Amount = hold.Amount;
        for (int i = 0; i < path.Ledgers.Length; i++)
        {
            // Nothing is taken, but a rolling window has the slice from then on: what is settled later counts where this was.
            path.Ledgers[i].At(now, ref events).Take(ref slot.Entries[i], 0);
        }

        holds.Close(ref slot, index, state, now);
        return index;
    }

    private void ChargeNow(AccountSet set, in Charge actual, long now, ref EventBuffer events)
    {
        foreach (AccountLedger ledger in accounts.PathOf(set, now, ref events).Ledgers)
        {
            ChargeNow(ledger, ledger.AmountOf(actual), now, ref events);
        }
    }

    private static void ChargeNow(AccountLedger ledger, long amount, long now, ref EventBuffer events)
    {
        var entry = default(HoldEntry);
        ledger.At(now, ref events).Open(ref entry);
        ledger.Settle(ref entry, amount, ref events);
    }
}
