using System.Globalization;

namespace BudgetGuard.Alerts.Delivery;

/// <summary>
/// Counts the alerts that are not sent one by one, by type and budget, and makes one digest of them. Its size depends on how many budgets there are, not on
/// how many alerts; past a bound budgets are counted together.
/// </summary>
internal sealed class FoldedAlerts
{
    private const int MostGroups = 200;

    private readonly Dictionary<(string Type, string? Budget), Group> _groups = [];

    public long Count { get; private set; }

    public void Add(IQueuedAlert alert) => Add(alert, 1);

    /// <summary>Takes on what another one counted, whose digest could not be sent.</summary>
    public void Merge(FoldedAlerts other)
    {
        foreach (Group group in other._groups.Values)
        {
            Add(group.Worst, group.Count);
        }
    }

    /// <summary>Makes a digest of all that was counted.</summary>
    public BudgetAlert ToDigest(DateTimeOffset now)
    {
        List<AlertItem> items = [];
        AlertSeverity severity = AlertSeverity.Information;
        foreach (((string type, string? budget), Group group) in _groups.OrderByDescending(static pair => pair.Value.Worst.Severity).ThenByDescending(static pair => pair.Value.Count))
        {
            BudgetAlert worst = group.Worst.Write();
            severity = (AlertSeverity)Math.Max((int)severity, (int)worst.Severity);
            items.Add(new AlertItem
            {
                Type = type,
                Budget = budget,
                Count = group.Count,
                Used = worst.Used,
                Limit = worst.Limit,
                Text = group.Count == 1
                    ? $"{type}: {worst.Message}"
                    : string.Create(CultureInfo.InvariantCulture, $"{type} {group.Count} times; the most urgent: {worst.Message}"),
            });
        }

        var id = Guid.CreateVersion7(now);
        return new BudgetAlert
        {
            Id = id,
            IncidentKey = id.ToString("N"),
            Type = AlertTypes.Digest,
            Severity = severity,
            At = now,
            Items = items,
            Message = string.Create(CultureInfo.InvariantCulture, $"{Count} {(Count == 1 ? "alert" : "alerts")} in one message: {Headline(items)}"),
        };
    }

    private void Add(IQueuedAlert alert, long count)
    {
        (string, string?) key = (alert.Type, alert.Budget);
        if (!_groups.ContainsKey(key) && _groups.Count >= MostGroups)
        {
            key = (alert.Type, null);
        }

        Count += count;
        _groups[key] = _groups.TryGetValue(key, out Group group)
            ? new Group(group.Count + count, alert.Severity > group.Worst.Severity || IsFuller(alert, group.Worst) ? alert : group.Worst)
            : new Group(count, alert);
    }

    private static string Headline(List<AlertItem> items) =>
        string.Join("; ", items.Take(3).Select(static item => string.Create(CultureInfo.InvariantCulture, $"{item.Type} {item.Count} times")))
        + (items.Count > 3 ? "; and more" : string.Empty);

    private static bool IsFuller(IQueuedAlert alert, IQueuedAlert than) =>
        alert.Severity == than.Severity && alert.Utilization.GetValueOrDefault() > than.Utilization.GetValueOrDefault();

    private readonly record struct Group(long Count, IQueuedAlert Worst);
}
