using BudgetGuard.Alerts.Delivery;

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

/// <summary>Something people should know about a budget, or about the guard itself. Amounts are in the budget's unit.</summary>
public sealed record BudgetAlert : IQueuedAlert
{
    /// <summary>
    /// The alert's identity: the same each time it is sent, and the same on every node that tells of the same thing in the same window, so that a receiver
    /// can throw duplicates away.
    /// </summary>
    public required Guid Id { get; init; }

    /// <summary>One of <see cref="AlertTypes"/>.</summary>
    public required string Type { get; init; }

    /// <summary>How urgent it is.</summary>
    public required AlertSeverity Severity { get; init; }

    /// <summary>When it happened.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>
    /// What an alert and its <see cref="AlertTypes.Recovered"/> partner have in common, at most 64 letters, digits and dashes: of one type, budget,
    /// partition and window. Systems that open and close incidents use it as their key.
    /// </summary>
    public required string IncidentKey { get; init; }

    /// <summary>The budget's name; null where the alert is about no single budget.</summary>
    public string? Budget { get; init; }

    /// <summary>What the budget counts; null where the alert is about no single budget.</summary>
    public BudgetUnit? Unit { get; init; }

    /// <summary>What the budget is split by, in order: <c>User</c>, <c>Team</c>, … or the names of tags. Empty where <see cref="Partition"/> is.</summary>
    public IReadOnlyList<string> Per { get; init; } = [];

    /// <summary>
    /// The values that split the budget, in the order of <see cref="Per"/>; null where a request lacks one. Empty for the account that untracked partitions
    /// share. Client text: a sink escapes it for where it is shown.
    /// </summary>
    public IReadOnlyList<string?> Partition { get; init; } = [];

    /// <summary>When the budget's window began; null for a total.</summary>
    public DateTimeOffset? WindowStart { get; init; }

    /// <summary>When the budget starts anew; null if it never does.</summary>
    public DateTimeOffset? ResetsAt { get; init; }

    /// <summary>The share of the limit that was reached or is forecast (0.8 = 80 %); null where none is.</summary>
    public decimal? Threshold { get; init; }

    /// <summary>The limit.</summary>
    public decimal? Limit { get; init; }

    /// <summary>What was used, debt included; for <see cref="AlertTypes.CostSpike"/> what the request or the minute cost is <see cref="Amount"/>.</summary>
    public decimal? Used { get; init; }

    /// <summary>Used by limit; 0 where the limit is 0.</summary>
    public decimal? Utilization { get; init; }

    /// <summary>What the window is expected to use in all, for <see cref="AlertTypes.ForecastExceeded"/>.</summary>
    public decimal? Forecast { get; init; }

    /// <summary>What one request or one minute used, for <see cref="AlertTypes.CostSpike"/>.</summary>
    public decimal? Amount { get; init; }

    /// <summary>What is usual, for <see cref="AlertTypes.CostSpike"/>: the median of the account's recent requests or minutes.</summary>
    public decimal? Expected { get; init; }

    /// <summary>The model the alert is about; null where it is about none in particular. Client text.</summary>
    public string? Model { get; init; }

    /// <summary>The operation the alert is about; null where it is about none in particular. Client text.</summary>
    public string? Operation { get; init; }

    /// <summary>For <see cref="AlertTypes.Recovered"/>: the type of the alert that is over.</summary>
    public string? Recovers { get; init; }

    /// <summary>What a <see cref="AlertTypes.Digest"/> or <see cref="AlertTypes.DailySummary"/> is made of; empty for all others.</summary>
    public IReadOnlyList<AlertItem> Items { get; init; } = [];

    /// <summary>The alert as one English sentence, on one line. It contains client text where <see cref="Partition"/> and <see cref="Model"/> do.</summary>
    public required string Message { get; init; }

    /// <summary>What was claimed in the tracker for it; null where nothing has to be.</summary>
    internal AlertClaim? Claim { get; init; }

    AlertClaim? IQueuedAlert.Claim => Claim;

    BudgetAlert IQueuedAlert.Write() => this;
}

/// <summary>One line of a digest or a daily summary.</summary>
public sealed record AlertItem
{
    /// <summary>Of a digest: the type of the alerts that were folded.</summary>
    public string? Type { get; init; }

    /// <summary>The budget's name; null for none.</summary>
    public string? Budget { get; init; }

    /// <summary>Of a digest: how many alerts were folded. Of a daily summary: how many accounts the budget has in use.</summary>
    public long Count { get; init; } = 1;

    /// <summary>What was used, in the budget's unit; null where it does not apply.</summary>
    public decimal? Used { get; init; }

    /// <summary>The limit, in the budget's unit; null where it does not apply.</summary>
    public decimal? Limit { get; init; }

    /// <summary>The line as text, without markup.</summary>
    public required string Text { get; init; }
}
