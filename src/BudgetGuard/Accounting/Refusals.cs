using System.Collections.Immutable;

namespace BudgetGuard.Accounting;

/// <summary>The one comparison that admits or refuses, and the list of those who refused.</summary>
internal static class Refusals
{
    /// <summary>True if an amount fits. Exactly at the limit fits, and nothing fits always: what is free is never refused for want of money.</summary>
    public static bool Fits(long amount, long limit, LedgerWindow window) => amount <= limit - window.Used || amount == 0;

    /// <summary>What an extension needs on top of what its window counts: a hold that a rolling window no longer counts is counted anew, whole.</summary>
    public static long Needed(in HoldEntry entry, in Charge more)
    {
        long amount = entry.Window.Ledger.AmountOf(more);
        return entry.Window.Counts(entry) || amount == 0 ? amount : Saturating.Add(entry.Held, amount);
    }

    public static ImmutableArray<Refusal> OfHold(
        AccountPath path, AccountSet set, AccountTable table, in Charge amount, long now, ref EventBuffer events)
    {
        ImmutableArray<Refusal>.Builder? refusals = null;
        for (int i = 0; i < path.Steps.Length; i++)
        {
            ref readonly PathStep step = ref path.Steps[i];
            AddIfRefused(ref refusals, step.Window, set.Accounts[i], step.HoldOf(amount), 0, table, now, ref events);
        }

        return refusals?.ToImmutable() ?? default;
    }

    public static ImmutableArray<Refusal> OfExtension(in HoldSlot slot, AccountTable table, in Charge more, long now, ref EventBuffer events)
    {
        ImmutableArray<Refusal>.Builder? refusals = null;
        for (int i = 0; i < slot.Count; i++)
        {
            ref HoldEntry entry = ref slot.Entries[i];
            long held = entry.Window.Counts(entry) ? entry.Held : 0;
            AddIfRefused(ref refusals, entry.Window, slot.Accounts.Accounts[i], Needed(entry, more), held, table, now, ref events);
        }

        return refusals?.ToImmutable() ?? default;
    }

    public static bool AnyEnforced(ImmutableArray<Refusal> refusals)
    {
        if (refusals.IsDefault)
        {
            return false;
        }

        foreach (Refusal refusal in refusals)
        {
            if (refusal.Account.Terms.Enforced)
            {
                return true;
            }
        }

        return false;
    }

    private static void AddIfRefused(
        ref ImmutableArray<Refusal>.Builder? refusals,
        LedgerWindow window,
        Account account,
        long amount,
        long held,
        AccountTable table,
        long now,
        ref EventBuffer events)
    {
        if (Fits(amount, window.Ledger.LimitFor(account), window))
        {
            return;
        }

        Refusal refusal = AccountFigures.Refuse(window, account, amount, held, table.GroupOf(account), now);
        AccountNotices.TellRefusal(window, refusal, now, ref events);
        (refusals ??= ImmutableArray.CreateBuilder<Refusal>()).Add(refusal);
    }
}
