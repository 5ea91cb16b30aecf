namespace BudgetGuard.Accounting;

internal sealed partial class HoldBook
{
    public bool IsOwn(HoldId id) => _holds.IsOwn(id);

    public bool IsKnown(HoldId id) => _holds.Find(id) >= 0;

    public bool TrySettleForgotten(HoldId id) => _holds.TrySettleForgotten(id);

    /// <summary>Which accounts of a hold are gone, and what was charged for it there.</summary>
    public LateEnding LateOf(HoldId id)
    {
        int index = _holds.Find(id);
        if (index < 0)
        {
            return default;
        }

        ref HoldSlot slot = ref _holds[index];
        ulong gone = 0;
        for (int i = 0; i < slot.Count; i++)
        {
            gone |= slot.Entries[i].Window.Ledger.IsEvicted ? 1UL << i : 0;
        }

        return new LateEnding(gone, slot.State == HoldState.Expired ? slot.Amount : default);
    }
}
