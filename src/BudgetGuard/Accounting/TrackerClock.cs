namespace BudgetGuard.Accounting;

/// <summary>
/// The tracker's time. The system's clock is read at most once for each step of its tick counter (a few milliseconds), because reading it costs as much
/// as a hold; any other clock is read each time. Used under the tracker's lock.
/// </summary>
internal sealed class TrackerClock(TimeProvider time)
{
    private readonly bool _isSystem = ReferenceEquals(time, TimeProvider.System);
    private long _tick = long.MinValue;
    private long _now;

    public long Now()
    {
        if (!_isSystem)
        {
            return time.GetUtcNow().UtcTicks;
        }

        long tick = Environment.TickCount64;
        if (tick != _tick)
        {
            _tick = tick;
            _now = time.GetUtcNow().UtcTicks;
        }

        return _now;
    }
}
