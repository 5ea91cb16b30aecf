namespace BudgetGuard;

/// <summary>What happens to a request that a budget cannot pay for.</summary>
public enum BudgetAction
{
    /// <summary>402: the money is gone.</summary>
    Reject,

    /// <summary>429 with <c>Retry-After</c>: come back later.</summary>
    Throttle,

    /// <summary>Nothing is denied; people are told.</summary>
    Alert,
}
