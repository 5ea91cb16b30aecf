using System.Collections.Immutable;

namespace BudgetGuard.Accounting;

/// <summary>Which place an account has among those of its budget.</summary>
internal enum AccountPlace
{
    /// <summary>That of its own partition.</summary>
    Own,

    /// <summary>It is shared by all partitions that are not tracked.</summary>
    Shared,

    /// <summary>None any more: it was reset, or made room, and is only there for the holds that were taken in it.</summary>
    Left,
}

/// <summary>What a hold has on one account, as it is kept.</summary>
internal readonly record struct KeptEntry(LedgerWindow Window, long Slice, long Held, long Settled);

/// <summary>Rebuilds accounts and holds from what was kept of them, before anybody uses them.</summary>
internal sealed class AccountRestoring(AccountTable accounts, HoldSlab holds, ExpiryHeap expiry)
{
    /// <summary>The latest instant the accounts had seen.</summary>
    public long Latest { get; private set; }

    /// <summary>Takes in a budget.</summary>
    /// <param name="latest">The latest instant the accounts had seen.</param>
    /// <param name="record">What was kept of it.</param>
    public AccountGroup Budget(long latest, ref RecordReader record)
    {
        Latest = Math.Max(Latest, latest);
        AccountGroup group = accounts.GroupOf(new Account(KeptTerms.Read(ref record), [], 0));
        group.Read(latest, ref record);
        return group;
    }

    /// <summary>Takes in an account with its current window.</summary>
    public static AccountLedger Account(
        AccountGroup group, ImmutableArray<string?> partition, long limit, AccountPlace place, in WindowFigures figures, ref RecordReader record) =>
        group.Restore(new Account(group.Newest, partition, limit), place, figures, ref record);

    /// <summary>
    /// Takes in the windows of an account that are over, but for whose holds are remembered. In the order of their numbers; each opens the next with its debt.
    /// </summary>
    public static void LinkPast(AccountLedger ledger, List<LedgerWindow> past)
    {
        if (!ledger.Account.Terms.CarryDebt)
        {
            return;
        }

        for (int i = 0; i < past.Count; i++)
        {
            past[i].Next = i + 1 < past.Count ? past[i + 1] : ledger.Current;
        }
    }

    /// <summary>A window of an account that is over.</summary>
    public static LedgerWindow Past(AccountLedger ledger, in WindowFigures figures, ref RecordReader record)
    {
        LedgerWindow window = LedgerWindow.Read(ledger, figures, ledger.Group.RollingLength, ref record);
        window.MarkWritten();
        return window;
    }

    /// <summary>Takes in a hold. One that was open ends as soon as all are there: nobody is left to end it.</summary>
    public void Hold(HoldId id, HoldState state, long at, in Charge asked, in Charge amount, ReadOnlySpan<KeptEntry> entries)
    {
        var parts = ImmutableArray.CreateBuilder<Account>(entries.Length);
        foreach (ref readonly KeptEntry entry in entries)
        {
            parts.Add(entry.Window.Ledger.Configured);
        }

        // When an open one would have expired is no instant that anybody has seen: by that those that are over would be forgotten early.
        int index = holds.Take(id, new AccountSet(parts.MoveToImmutable()), Math.Min(at, Latest));
        ref HoldSlot slot = ref holds[index];
        slot.Asked = asked;
        slot.Amount = amount;
        slot.State = state;
        for (int i = 0; i < entries.Length; i++)
        {
            slot.Entries[i] = new HoldEntry
            {
                Window = entries[i].Window,
                Slice = entries[i].Slice,
                Held = entries[i].Held,
                Settled = entries[i].Settled,
            };
            entries[i].Window.OpenHolds += state == HoldState.Held ? 1 : 0;
        }

        if (state == HoldState.Held)
        {
            slot.At = long.MinValue;
            expiry.Add(index, slot.At);
        }
        else
        {
            holds.Close(ref slot, index, state, at);
        }
    }
}
