namespace BudgetGuard.Alerts.Delivery;

/// <summary>What became of the alerts for one sink.</summary>
internal sealed class SinkFigures
{
    private long _sent;
    private long _folded;
    private long _dropped;
    private long _failed;
    private long _retried;
    private long _lastSent;
    private volatile string? _lastFailure;

    public void CountSent(DateTimeOffset at)
    {
        Interlocked.Increment(ref _sent);
        Interlocked.Exchange(ref _lastSent, at.UtcTicks);
        _lastFailure = null;
    }

    public string? LastFailure => _lastFailure;

    public void CountFolded() => Interlocked.Increment(ref _folded);

    public void CountDropped(int count) => Interlocked.Add(ref _dropped, count);

    public void CountRetried() => Interlocked.Increment(ref _retried);

    public void CountFailed(string why)
    {
        Interlocked.Increment(ref _failed);
        _lastFailure = why;
    }

    public AlertSinkStatus ToStatus(string name, bool isBroken) => new()
    {
        Name = name,
        IsBroken = isBroken,
        Sent = Interlocked.Read(ref _sent),
        Folded = Interlocked.Read(ref _folded),
        Dropped = Interlocked.Read(ref _dropped),
        Failed = Interlocked.Read(ref _failed),
        Retried = Interlocked.Read(ref _retried),
        LastSentAt = Interlocked.Read(ref _lastSent) is > 0 and long ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null,
        LastFailure = _lastFailure,
    };
}
