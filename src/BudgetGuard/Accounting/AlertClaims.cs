namespace BudgetGuard.Accounting;

/// <summary>
/// Which alerts were claimed: bounded in number, and each forgotten when its time is over. Kept in parts, each with a lock of its own that no hold waits for, and
/// each so small that what it grows by is not a large object, whose collection requests would wait for.
/// </summary>
internal sealed class AlertClaims
{
    /// <summary>
    /// How many of the latest are remembered. An account's own notices keep it from telling twice; this keeps two callers from having the same claim.
    /// </summary>
    public const int Most = 65_536;

    private const int Parts = 64;

    // A quarter more than its share: hashes spread claims evenly, but not exactly so.
    private const int MostInPart = Most / Parts * 5 / 4;

    private readonly Part?[] _parts = new Part?[Parts];

    public bool TryClaim(AlertClaim claim, long now) => PartOf(claim).TryClaim(claim, now);

    public void Release(AlertClaim claim) => PartOf(claim).Release(claim);

    private Part PartOf(AlertClaim claim)
    {
        ref Part? part = ref _parts[(uint)AlertClaimComparer.Instance.GetHashCode(claim) % Parts];
        return Volatile.Read(ref part) ?? Interlocked.CompareExchange(ref part, new Part(), null) ?? part;
    }

    private sealed class Part
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<AlertClaim, (long Until, long Turn)> _claimed = new(AlertClaimComparer.Instance);
        private readonly Queue<(AlertClaim Claim, long Turn)> _order = [];
        private long _turn;

        public bool TryClaim(AlertClaim claim, long now)
        {
            lock (_gate)
            {
                if (_claimed.TryGetValue(claim, out (long Until, long Turn) known) && now < known.Until)
                {
                    return false;
                }

                Forget(now);
                _claimed[claim] = (claim.Until?.UtcTicks ?? long.MaxValue, ++_turn);
                _order.Enqueue((claim, _turn));
                return true;
            }
        }

        public void Release(AlertClaim claim)
        {
            lock (_gate)
            {
                _claimed.Remove(claim);
            }
        }

        /// <summary>Makes room: the oldest go first, whether or not their time is over.</summary>
        private void Forget(long now)
        {
            while (_order.TryPeek(out (AlertClaim Claim, long Turn) oldest))
            {
                // One that was given back and claimed anew is as old as its last claim.
                bool isKnown = _claimed.TryGetValue(oldest.Claim, out (long Until, long Turn) known) && known.Turn == oldest.Turn;
                if (isKnown && known.Until > now && _order.Count < MostInPart)
                {
                    return;
                }

                _order.Dequeue();
                if (isKnown)
                {
                    _claimed.Remove(oldest.Claim);
                }
            }
        }
    }
}
