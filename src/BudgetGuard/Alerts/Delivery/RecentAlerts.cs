using BudgetGuard.Accounting;

namespace BudgetGuard.Alerts.Delivery;

/// <summary>
/// The alerts a sink was sent of late, so that one that is raised again because another sink failed comes once. They are told apart by their claims, from which
/// an alert's id is reckoned; by that id where nothing is claimed.
/// </summary>
internal sealed class RecentAlerts
{
    private const int Most = 4096;

    private readonly Lock _gate = new();
    private readonly HashSet<Identity> _known = [];
    private readonly Queue<Identity> _order = new();

    public bool Contains(IQueuedAlert alert)
    {
        Identity identity = Identity.Of(alert);
        lock (_gate)
        {
            return _known.Contains(identity);
        }
    }

    public void Add(IQueuedAlert alert)
    {
        Identity identity = Identity.Of(alert);
        lock (_gate)
        {
            if (!_known.Add(identity))
            {
                return;
            }

            _order.Enqueue(identity);
            if (_order.Count > Most)
            {
                _known.Remove(_order.Dequeue());
            }
        }
    }

    private readonly struct Identity(AlertClaim? claim, Guid id) : IEquatable<Identity>
    {
        private readonly AlertClaim? _claim = claim;
        private readonly Guid _id = id;

        public static Identity Of(IQueuedAlert alert) => alert.Claim is { } claim ? new Identity(claim, Guid.Empty) : new Identity(null, alert.Write().Id);

        public bool Equals(Identity other) => _id == other._id && AlertClaimComparer.Instance.Equals(_claim, other._claim);

        public override bool Equals(object? obj) => obj is Identity other && Equals(other);

        public override int GetHashCode() => _claim is null ? _id.GetHashCode() : AlertClaimComparer.Instance.GetHashCode(_claim);
    }
}
