namespace BudgetGuard;

/// <summary>
/// What a tracker remembers of an alert so that it is told once, however many requests and nodes see its reason. Two claims are the same if all of this is.
/// </summary>
public sealed record AlertClaim
{
    /// <summary>One of <see cref="AlertTypes"/>.</summary>
    public required string Type { get; init; }

    /// <summary>The account the alert is about; null where it is about none.</summary>
    public Account? Account { get; init; }

    /// <summary>What tells claims of one type and account apart beside the threshold: a model, a day; null where nothing has to.</summary>
    public string? Subject { get; init; }

    /// <summary>The share of the limit; 0 where there is none.</summary>
    public decimal Threshold { get; init; }

    /// <summary>When the window began that it is about; null where there is none.</summary>
    public DateTimeOffset? WindowStart { get; init; }

    /// <summary>How often the account was made ready to tell again within its window: a limit that was changed, a top-up, a rolling window that has passed.</summary>
    public int Round { get; init; }

    /// <summary>When the claim may be forgotten; null for never.</summary>
    public DateTimeOffset? Until { get; init; }
}
