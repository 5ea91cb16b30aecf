namespace BudgetGuard.Alerts.Delivery;

/// <summary>
/// What waits to be handed on, with what decides whether a sink is sent it. The alert itself is written where a sink sends it: not on the way of the request
/// that caused it, and never for the many that are only counted in a digest.
/// </summary>
internal interface IQueuedAlert
{
    string Type { get; }

    string? Budget { get; }

    AlertSeverity Severity { get; }

    DateTimeOffset At { get; }

    decimal? Threshold { get; }

    decimal? Utilization { get; }

    string? Recovers { get; }

    AlertClaim? Claim { get; }

    BudgetAlert Write();
}
