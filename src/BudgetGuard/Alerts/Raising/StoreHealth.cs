namespace BudgetGuard.Alerts.Raising;

/// <summary>Whether the store answers, as requests find it. Tells of an outage once and of its end once, never both within a minute.</summary>
internal sealed class StoreHealth(AlertRaiser alerts, TimeProvider time)
{
    private static readonly TimeSpan Least = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private DateTimeOffset _toldAt = DateTimeOffset.MinValue;
    private DateTimeOffset _since;
    private volatile bool _isDown;

    public void Failed() => Found(answers: false);

    /// <summary>Costs nothing as long as the store has always answered.</summary>
    public void Answered()
    {
        if (_isDown)
        {
            Found(answers: true);
        }
    }

    private void Found(bool answers)
    {
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset since;
        lock (_gate)
        {
            // What is found while nothing is told is found again: no end is told of what was not told, and none is left out of what was.
            if (_isDown != answers || !alerts.IsOn || (_toldAt != DateTimeOffset.MinValue && now - _toldAt < Least))
            {
                return;
            }

            _isDown = !answers;
            _toldAt = now;
            since = _since = answers ? _since : now;
        }

        alerts.Store(answers, since);
    }
}
