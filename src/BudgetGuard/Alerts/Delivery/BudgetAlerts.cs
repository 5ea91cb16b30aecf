namespace BudgetGuard.Alerts.Delivery;

/// <inheritdoc/>
internal sealed class BudgetAlerts(AlertSinks sinks, TimeProvider time) : IBudgetAlerts
{
    public IReadOnlyList<AlertSinkStatus> Sinks => [.. sinks.Current.Select(static worker => worker.Status)];

    public ValueTask<AlertTestResult> SendTestAsync(string sink, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(sink);
        SinkWorker worker = sinks.Current.FirstOrDefault(one => one.Name.Equals(sink, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException(
                sinks.Current.Count == 0
                    ? "There are no alert sinks; they start with the application."
                    : $"There is no alert sink of this name; there are {string.Join(", ", sinks.Current.Select(static one => one.Name))}.",
                nameof(sink));
        DateTimeOffset now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        return worker.TryOutAsync(
            new BudgetAlert
            {
                Id = id,
                IncidentKey = id.ToString("N"),
                Type = AlertTypes.Test,
                Severity = AlertSeverity.Information,
                At = now,
                Message = $"This is a test of the alert sink {worker.Name}. It works.",
            },
            cancellationToken);
    }
}
