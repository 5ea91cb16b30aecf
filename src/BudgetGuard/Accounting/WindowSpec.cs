namespace BudgetGuard;

/// <summary>When a budget's account starts anew: a calendar period in a time zone, or a rolling span.</summary>
/// <param name="Period">The calendar period; <see cref="BudgetPeriod.Total"/> for concurrency and rolling windows.</param>
/// <param name="Zone">The time zone whose calendar counts.</param>
/// <param name="Rolling">The length of a rolling window, or null for a calendar window.</param>
public sealed record WindowSpec(BudgetPeriod Period, TimeZoneInfo Zone, TimeSpan? Rolling = null)
{
    /// <summary>One window without end.</summary>
    public static WindowSpec Total { get; } = new(BudgetPeriod.Total, TimeZoneInfo.Utc);
}
