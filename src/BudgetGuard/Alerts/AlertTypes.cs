namespace BudgetGuard;

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

    /// <summary>At the rate so far a budget will be used up before its window ends.</summary>
    public const string ForecastExceeded = "forecast_exceeded";

    /// <summary>One request, or one minute, used far more of a budget than is usual for its account.</summary>
    public const string CostSpike = "cost_spike";

    /// <summary>A model was called that has no price. Once for each model.</summary>
    public const string ModelUnpriced = "model_unpriced";

    /// <summary>The store that keeps the budgets does not answer.</summary>
    public const string StoreUnavailable = "store_unavailable";

    /// <summary>What an earlier alert told of is over: see <see cref="BudgetAlert.Recovers"/>.</summary>
    public const string Recovered = "recovered";

    /// <summary>What each budget used, once a day.</summary>
    public const string DailySummary = "daily_summary";

    /// <summary>How many alerts of what were folded, because a sink is sent digests or was sent too much.</summary>
    public const string Digest = "digest";

    /// <summary>
    /// A budget met more partitions in a window than <see cref="BudgetGuardOptions.MaxTrackedPartitions"/>: new ones share one account, whose figures it tells.
    /// </summary>
    public const string PartitionsOverflowed = "partitions_overflowed";

    /// <summary>Sent by <c>SendTestAsync</c> to see that a sink works.</summary>
    public const string Test = "test";

    /// <summary>What claims of <see cref="CostSpike"/> about a request have as their subject.</summary>
    internal const string RequestSpike = "request";

    /// <summary>What claims of <see cref="CostSpike"/> about a minute have as their subject.</summary>
    internal const string MinuteSpike = "minute";

    /// <summary>Every type there is.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        ThresholdReached, BudgetExceeded, ThrottlingActivated, ForecastExceeded, CostSpike, ModelUnpriced, StoreUnavailable, Recovered, DailySummary, Digest,
        PartitionsOverflowed, Test,
    ];
}
