namespace BudgetGuard.Alerts.Delivery;

/// <summary>The last alerts that were handed on, with what became of them at each sink.</summary>
internal sealed class AlertHistory
{
    public const int Capacity = 200;

    private readonly Lock _gate = new();
    private readonly Queue<AlertDelivery> _recent = new(Capacity);

    public void Add(AlertDelivery delivery)
    {
        lock (_gate)
        {
            if (_recent.Count == Capacity)
            {
                _recent.Dequeue();
            }

            _recent.Enqueue(delivery);
        }
    }

    /// <summary>The last alerts, the newest first.</summary>
    public List<AlertDelivery> Read(int most)
    {
        lock (_gate)
        {
            return [.. _recent.Reverse().Take(most)];
        }
    }
}
