namespace BudgetGuard.Sqlite;

/// <summary>Which alerts were claimed, as the file has it: bounded in number, the oldest claims go first.</summary>
internal sealed class ClaimBook(JournalPump pump)
{
    /// <summary>How many of the latest are remembered.</summary>
    public const int Most = 65_536;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (long Until, long Turn)> _claimed = new(StringComparer.Ordinal);
    private readonly Queue<(string Claim, long Turn)> _order = [];
    private long _turn;

    /// <summary>Knows a claim that is in the file.</summary>
    public void Restore(in ClaimRow claim)
    {
        pump.Know(claim);
        _claimed[claim.Claim] = (claim.Until, ++_turn);
        _order.Enqueue((claim.Claim, _turn));
    }

    public bool TryClaim(string claim, long until, long now)
    {
        lock (_gate)
        {
            if (_claimed.TryGetValue(claim, out (long Until, long Turn) known) && now < known.Until)
            {
                return false;
            }

            Forget(now);
            _claimed[claim] = (until, ++_turn);
            _order.Enqueue((claim, _turn));
            pump.Note(claim, until);
            return true;
        }
    }

    public void Release(string claim)
    {
        lock (_gate)
        {
            if (_claimed.Remove(claim))
            {
                pump.Note(claim, null);
            }
        }
    }

    private void Forget(long now)
    {
        while (_order.TryPeek(out (string Claim, long Turn) oldest))
        {
            // One that was given back and claimed anew is as old as its last claim.
            bool isKnown = _claimed.TryGetValue(oldest.Claim, out (long Until, long Turn) known) && known.Turn == oldest.Turn;
            if (isKnown && known.Until > now && _order.Count < Most)
            {
                return;
            }

            _order.Dequeue();
            if (isKnown)
            {
                _claimed.Remove(oldest.Claim);
                pump.Note(oldest.Claim, null);
            }
        }
    }
}
