namespace BudgetGuard;

/// <summary>What a request may cost at most. A decimal converts to an estimate of that many US dollars.</summary>
/// <param name="CostUsd">The upper bound in US dollars; not negative.</param>
/// <param name="Tokens">The upper bound of input plus output tokens, for token budgets; not negative.</param>
public readonly record struct CostEstimate(decimal CostUsd, long Tokens = 0)
{
    /// <summary>Makes an estimate of that many US dollars.</summary>
    public static implicit operator CostEstimate(decimal costUsd) => new(costUsd);

    /// <summary>Makes an estimate of that many US dollars.</summary>
    public static CostEstimate FromDecimal(decimal costUsd) => new(costUsd);
}
