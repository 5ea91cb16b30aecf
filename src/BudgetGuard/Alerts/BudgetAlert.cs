namespace BudgetGuard;

/// <summary>How urgent an alert is.</summary>
public enum AlertSeverity
{
    /// <summary>Good to know.</summary>
    Information,

    /// <summary>Somebody should look soon.</summary>
    Warning,

    /// <summary>Requests are being denied.</summary>
    Critical,
}

/// <summary>The types of alerts.</summary>
public static class AlertTypes
{
    /// <summary>
    /// A budget has used a share of its limit that <see cref="BudgetOptions.AlertAt"/> names; where one request passes several, the highest is told.
    /// </summary>
    public const string ThresholdReached = "threshold_reached";

    /// <summary>A rejecting budget refused its first request of a window, or would have if it denied.</summary>
    public const string BudgetExceeded = "budget_exceeded";

    /// <summary>A throttling budget refused its first request of a window, or would have if it denied.</summary>
    public const string ThrottlingActivated = "throttling_activated";

    /// <summary>
    /// A budget met more partitions in a window than <see cref="BudgetGuardOptions.MaxTrackedPartitions"/>: new ones share one account, whose figures it tells.
    /// </summary>
    public const string PartitionsOverflowed = "partitions_overflowed";
}

/// <summary>Something people should know about a budget. Amounts are in the budget's unit.</summary>
public sealed record BudgetAlert
{
    /// <summary>The alert's identity.</summary>
    public required Guid Id { get; init; }

    /// <summary>One of <see cref="AlertTypes"/>.</summary>
    public required string Type { get; init; }

    /// <summary>How urgent it is.</summary>
    public required AlertSeverity Severity { get; init; }

    /// <summary>When it happened.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The budget's name.</summary>
    public required string Budget { get; init; }

    /// <summary>What the budget counts.</summary>
    public required BudgetUnit Unit { get; init; }

    /// <summary>
    /// The values that split the budget, in the order of its <c>Per</c>; null where a request lacks one. Empty for the account that untracked partitions share.
    /// </summary>
    public required IReadOnlyList<string?> Partition { get; init; }

    /// <summary>When the budget's window began; null for a total.</summary>
    public DateTimeOffset? WindowStart { get; init; }

    /// <summary>When the budget starts anew; null if it never does.</summary>
    public DateTimeOffset? ResetsAt { get; init; }

    /// <summary>The share of the limit that was reached, for <see cref="AlertTypes.ThresholdReached"/>.</summary>
    public decimal? Threshold { get; init; }

    /// <summary>The limit.</summary>
    public required decimal Limit { get; init; }

    /// <summary>What was used, debt included.</summary>
    public required decimal Used { get; init; }

    /// <summary>Used by limit; 0 where the limit is 0.</summary>
    public required decimal Utilization { get; init; }

    /// <summary>The alert as one English sentence.</summary>
    public required string Message { get; init; }
}

/// <summary>Tells people. Called in the background (or before answering, with <see cref="BudgetGuardOptions.AsyncProcessing"/> false).</summary>
public interface IAlertSink
{
    /// <summary>Sends one alert. An exception is logged and counted; it never reaches a request.</summary>
    ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken);
}
