namespace BudgetGuard.Alerts.Delivery;

/// <summary>One alert on its way to several sinks; the last one that is done with it says what became of it.</summary>
internal sealed class AlertDelivery(IQueuedAlert alert, int sinks, Action<AlertDelivery> whenDone)
{
    private int _left = sinks;
    private int _failed;

    public IQueuedAlert Alert { get; } = alert;

    /// <summary>True if one of the sinks did not get it: then the alert may be raised again, and those that have it skip it.</summary>
    public bool HasFailed => Volatile.Read(ref _failed) != 0;

    public void Failed()
    {
        Volatile.Write(ref _failed, 1);
        Done();
    }

    public void Done()
    {
        if (Interlocked.Decrement(ref _left) == 0)
        {
            whenDone(this);
        }
    }
}
