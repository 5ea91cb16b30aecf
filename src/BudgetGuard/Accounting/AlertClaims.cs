namespace BudgetGuard.Accounting;

/// <summary>Which alerts were claimed: bounded in number, and each forgotten when its time is over. Has a lock of its own: no hold waits for it.</summary>
internal sealed class AlertClaims
{
    /// <summary>How many are remembered. An account's own notices keep it from telling twice; this keeps two callers from having the same claim.</summary>
    public const int Most = 65_536;

    private readonly Lock _gate = new();
    private readonly Dictionary<Key, (long Until, long Turn)> _claimed = [];
    private readonly Queue<(Key Key, long Turn)> _order = [];
    private long _turn;

    public bool TryClaim(AlertClaim claim, long now)
    {
        Key key = KeyOf(claim);
        lock (_gate)
        {
            if (_claimed.TryGetValue(key, out (long Until, long Turn) known) && now < known.Until)
            {
                return false;
            }

            Forget(now);
            _claimed[key] = (claim.Until?.UtcTicks ?? long.MaxValue, ++_turn);
            _order.Enqueue((key, _turn));
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
        while (_order.TryPeek(out (Key Key, long Turn) oldest))
        {
            // One that was given back and claimed anew is as old as its last claim.
            bool isKnown = _claimed.TryGetValue(oldest.Key, out (long Until, long Turn) known) && known.Turn == oldest.Turn;
            if (isKnown && known.Until > now && _order.Count < Most)
            {
                return;
            }

            _order.Dequeue();
            if (isKnown)
            {
                _claimed.Remove(oldest.Key);
            }
        }
    }

    private static Key KeyOf(AlertClaim claim) => new(
        claim.Type, claim.Account?.Key, claim.Subject, claim.Threshold, claim.WindowStart?.UtcTicks ?? 0, claim.Round);

    private readonly record struct Key(string Type, AccountKey? Account, string? Subject, decimal Threshold, long Start, int Round);
}
