namespace BudgetGuard.Alerts.Delivery;

/// <summary>What became of an alert at a sink.</summary>
internal enum AlertOutcome
{
    Sent,

    /// <summary>It was sent before, under the same id.</summary>
    Skipped,

    /// <summary>It is counted in a digest.</summary>
    Folded,
    Failed,

    /// <summary>The application stopped, or the sink had no room.</summary>
    Dropped,
}

/// <summary>What became of an alert at one sink.</summary>
internal readonly record struct SinkOutcome(string Sink, AlertOutcome Outcome, string? Failure);

/// <summary>One alert on its way to several sinks; the last one that is done with it says what became of it.</summary>
internal sealed class AlertDelivery(IQueuedAlert alert, int sinks, Action<AlertDelivery> whenDone)
{
    // Also what guards itself and the count: one object less for each of a storm of alerts.
    private readonly SinkOutcome[] _outcomes = new SinkOutcome[sinks];
    private int _told;
    private int _left = sinks;
    private int _failed;

    public IQueuedAlert Alert { get; } = alert;

    /// <summary>True if one of the sinks did not get it: then the alert may be raised again, and those that have it skip it.</summary>
    public bool HasFailed => Volatile.Read(ref _failed) != 0;

    /// <summary>True while a sink still has to say something.</summary>
    public bool IsPending => Volatile.Read(ref _left) > 0;

    /// <summary>What became of it so far, in the order in which sinks were done.</summary>
    public SinkOutcome[] Outcomes
    {
        get
        {
            lock (_outcomes)
            {
                return _outcomes[.._told];
            }
        }
    }

    /// <summary>Says what became of it at a sink; once for each.</summary>
    public void Done(string sink, AlertOutcome outcome, string? failure = null)
    {
        lock (_outcomes)
        {
            _outcomes[_told++] = new SinkOutcome(sink, outcome, failure);
        }

        if (outcome is AlertOutcome.Failed or AlertOutcome.Dropped)
        {
            Volatile.Write(ref _failed, 1);
        }

        if (Interlocked.Decrement(ref _left) == 0)
        {
            whenDone(this);
        }
    }
}
