namespace BudgetGuard.Accounting;

internal sealed partial class HoldBook
{
    public bool IsOwn(HoldId id) => _holds.IsOwn(id);

    public bool IsKnown(HoldId id) => _holds.Find(id) >= 0;

    public bool TrySettleForgotten(HoldId id) => _holds.TrySettleForgotten(id);

    /// <summary>How long an open hold lasts; null where it is not open.</summary>
    public TimeSpan? TtlOf(HoldId id) => _holds.Find(id) is >= 0 and var index && _holds[index].State == HoldState.Held ? TimeSpan.FromTicks(_holds[index].Ttl) : null;

    /// <summary>True if an account of a hold takes nothing more.</summary>
    public bool IsClosed(HoldId id)
    {
        int index = _holds.Find(id);
        if (index >= 0)
        {
            ref HoldSlot slot = ref _holds[index];
            foreach (ref HoldEntry entry in slot.Used)
            {
                if (entry.Window.Ledger is { IsClosed: true } or { IsEvicted: true })
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Which accounts of a hold are gone, and what they counted for it.</summary>
    public LateEnding LateOf(HoldId id)
    {
        int index = _holds.Find(id);
        if (index < 0)
        {
            return default;
        }

        ref HoldSlot slot = ref _holds[index];
        ulong gone = 0;
        (long nanos, long tokens, long requests) = (0, 0, 0);
        AccountKey[]? keys = null;
        for (int i = 0; i < slot.Count; i++)
        {
            ref HoldEntry entry = ref slot.Entries[i];
            if (!entry.Window.Ledger.IsEvicted)
            {
                continue;
            }

            gone |= 1UL << i;
            (keys ??= new AccountKey[slot.Count])[i] = entry.Window.Ledger.Account.Key;

            // All accounts of a unit count the same for a hold.
            long counted = Saturating.Add(entry.Held, entry.Settled);
            switch (entry.Window.Ledger.Unit)
            {
                case BudgetUnit.Usd:
                    nanos = counted;
                    break;
                case BudgetUnit.Tokens:
                    tokens = counted;
                    break;
                default:
                    requests = counted;
                    break;
            }
        }

        return gone == 0 ? default : new LateEnding(gone, new Charge(Money.FromNanos(nanos), tokens, requests), slot.State == HoldState.Settled, keys!);
    }
}
