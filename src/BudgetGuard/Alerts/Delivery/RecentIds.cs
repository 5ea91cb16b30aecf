namespace BudgetGuard.Alerts.Delivery;

/// <summary>The identities of the alerts a sink was sent of late, so that one that is raised again because another sink failed comes once.</summary>
internal sealed class RecentIds
{
    private const int Most = 4096;

    private readonly Lock _gate = new();
    private readonly HashSet<Guid> _ids = [];
    private readonly Queue<Guid> _order = new();

    public bool Contains(Guid id)
    {
        lock (_gate)
        {
            return _ids.Contains(id);
        }
    }

    public void Add(Guid id)
    {
        lock (_gate)
        {
            if (!_ids.Add(id))
            {
                return;
            }

            _order.Enqueue(id);
            if (_order.Count > Most)
            {
                _ids.Remove(_order.Dequeue());
            }
        }
    }
}
