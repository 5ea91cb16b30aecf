namespace BudgetGuard.Alerts.Delivery;

/// <summary>
/// Says which alerts a sink is sent one by one. Without a digest interval the first so many of a minute are, all others of that minute become one digest at its
/// end; a digest counts as one of the minute it is sent in. With an interval none is, and a digest tells of all that came in one.
/// </summary>
internal sealed class StormControl(int maxPerMinute, TimeSpan? digestEvery, TimeProvider time)
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private long _started;
    private int _sent;
    private bool _isOpen;

    /// <summary>True if an alert may be sent by itself now; if not it is folded, and the digest is due at the end of the interval.</summary>
    public bool TrySend()
    {
        if (!_isOpen || (digestEvery is null && !IsFolding && TimeLeft <= TimeSpan.Zero))
        {
            Begin();
        }

        // The last message of a minute is kept for the digest that a storm ends with.
        if (digestEvery is null && !IsFolding && _sent < Math.Max(1, maxPerMinute - 1))
        {
            _sent++;
            return true;
        }

        IsFolding = true;
        return false;
    }

    /// <summary>Begins to fold whatever the count says: nothing more fits into the sink's queue.</summary>
    public void Fold()
    {
        if (!_isOpen)
        {
            Begin();
        }

        IsFolding = true;
    }

    /// <summary>True while alerts are folded and the digest is still to come.</summary>
    public bool IsFolding { get; private set; }

    /// <summary>How long until the digest is due.</summary>
    public TimeSpan TimeLeft => (digestEvery ?? Minute) - time.GetElapsedTime(_started);

    /// <summary>The digest goes out: a new interval begins, and the digest is its first message.</summary>
    public void SendDigest()
    {
        Begin();
        _sent = 1;
        _isOpen = digestEvery is null;
    }

    private void Begin()
    {
        _started = time.GetTimestamp();
        _sent = 0;
        IsFolding = false;
        _isOpen = true;
    }
}
