namespace BudgetGuard;

/// <summary>What the policy decided.</summary>
public enum DecisionKind
{
    /// <summary>The request may run.</summary>
    Allow,

    /// <summary>429: come back later.</summary>
    Throttle,

    /// <summary>402: the money is gone.</summary>
    Reject,
}

/// <summary>What the policy decided on one request. An allow carries the hold that pays for it.</summary>
public readonly record struct BudgetDecision
{
    /// <summary>Allow, throttle or reject.</summary>
    public DecisionKind Kind { get; private init; }

    /// <summary>True if the request may run.</summary>
    public bool IsAllowed => Kind == DecisionKind.Allow;

    /// <summary>The hold that pays for an allowed request; its <see cref="Hold.Accounts"/> are null where no budget applies or the policy accounts for itself.</summary>
    public Hold Hold { get; private init; }

    /// <summary>The budget in US dollars with the least left after this hold, else the first that applies; for a denial the budget that decided.</summary>
    public string? Budget { get; private init; }

    /// <summary>What <see cref="Budget"/> has left after this hold, where it counts US dollars.</summary>
    public Money? Remaining { get; private init; }

    /// <summary>Why the request was denied; null when allowed.</summary>
    public Denial? Denial { get; private init; }

    /// <summary>What a shadow or alert-only budget would have denied; null where none would.</summary>
    public Denial? Shadow { get; private init; }

    /// <summary>True if the store failed and the request passes uncounted.</summary>
    public bool IsUncounted { get; private init; }

    /// <summary>Allows without a hold: a policy that allows so accounts for itself.</summary>
    public static BudgetDecision Allow() => default;

    /// <summary>Denies.</summary>
    public static BudgetDecision Deny(Denial denial)
    {
        ArgumentNullException.ThrowIfNull(denial);
        return new BudgetDecision { Kind = denial.Kind, Budget = denial.Budget, Denial = denial };
    }

    internal static BudgetDecision AllowWith(Hold hold, string? budget, Money? remaining, Denial? shadow) =>
        new() { Hold = hold, Budget = budget, Remaining = remaining, Shadow = shadow };

    internal static BudgetDecision AllowUncounted() => new() { IsUncounted = true };
}

/// <summary>Why a request was denied.</summary>
public enum DenialReason
{
    /// <summary>The budget is used up until it starts anew.</summary>
    BudgetExceeded,

    /// <summary>The request would fit but for what other requests in flight hold.</summary>
    HeldByOthers,

    /// <summary>The request alone costs more than the whole limit.</summary>
    RequestExceedsLimit,
}

/// <summary>A denial: which budget decided, why, and when to come back.</summary>
public sealed record Denial
{
    /// <summary>Throttle (429) or reject (402).</summary>
    public required DecisionKind Kind { get; init; }

    /// <summary>The budget that decided.</summary>
    public required string Budget { get; init; }

    /// <summary>Why.</summary>
    public DenialReason Reason { get; init; }

    /// <summary>The first instant at which the request would be admitted if nothing else changed; null if waiting does not help.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>When the deciding budget starts anew; null if it never does.</summary>
    public DateTimeOffset? ResetsAt { get; init; }

    /// <summary>The deciding budget's limit, where it counts US dollars.</summary>
    public Money? Limit { get; init; }

    /// <summary>What the deciding budget has used, what is held included, where it counts US dollars.</summary>
    public Money? Spent { get; init; }
}
