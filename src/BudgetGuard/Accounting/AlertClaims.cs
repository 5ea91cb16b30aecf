namespace BudgetGuard.Accounting;

/// <summary>Which alerts were claimed: bounded in number, and each forgotten when its time is over. Has a lock of its own: no hold waits for it.</summary>
internal sealed class AlertClaims
{
    /// <summary>How many are remembered. An account's own notices keep it from telling twice; this keeps two callers from having the same claim.</summary>
    public const int Most = 65_536;

    private readonly Lock _gate = new();
    private readonly Dictionary<Key, long> _claimed = [];
    private readonly Queue<Key> _order = [];

    public bool TryClaim(AlertClaim claim, long now)
    {
        Key key = KeyOf(claim);
        lock (_gate)
        {
            if (_claimed.TryGetValue(key, out long until) && now < until)
            {
                return false;
            }

            Forget(now);
            _claimed[key] = claim.Until?.UtcTicks ?? long.MaxValue;
            _order.Enqueue(key);
            return true;
        }
    }

    public void Release(AlertClaim claim)
    {
        lock (_gate)
        {
            _claimed.Remove(KeyOf(claim));
        }
    }

    /// <summary>Makes room: the oldest go first, whether or not their time is over.</summary>
    private void Forget(long now)
    {
        while (_order.TryPeek(out Key oldest)
            && (_order.Count >= Most || !_claimed.TryGetValue(oldest, out long until) || until <= now))
        {
            _claimed.Remove(_order.Dequeue());
        }
    }

    private static Key KeyOf(AlertClaim claim) => new(
        claim.Type, claim.Account?.Key ?? default, claim.Account is null, claim.Subject, claim.Threshold, claim.WindowStart?.UtcTicks ?? 0, claim.Round);

    private readonly record struct Key(string Type, AccountKey Account, bool IsGlobal, string? Subject, decimal Threshold, long Start, int Round);
}
