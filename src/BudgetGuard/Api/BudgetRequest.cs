namespace BudgetGuard;

/// <summary>One request as the policy sees it: who pays, for which operation, of which model, and what it may cost.</summary>
public sealed class BudgetRequest
{
    internal const string DefaultOperation = "api_call";

    /// <summary>Who pays. Default <see cref="BudgetSubject.Anonymous"/>.</summary>
    public BudgetSubject Subject { get; init; } = BudgetSubject.Anonymous;

    /// <summary>What is done. Default <c>api_call</c>.</summary>
    public string Operation { get; init; } = DefaultOperation;

    /// <summary>The model, if any.</summary>
    public string? Model { get; init; }

    /// <summary>
    /// What it may cost at most; null: <see cref="BudgetGuardOptions.DefaultCost"/>. In the middleware this is the answer of the estimators.
    /// </summary>
    public CostEstimate? Estimate
    {
        get => Amount is { } amount ? new CostEstimate(amount.Cost.Usd, amount.Tokens) : null;
        init => Amount = value is { } estimate ? ToCharge(estimate) : null;
    }

    /// <summary>The names of budgets that are declared explicit and shall apply to this request.</summary>
    public IReadOnlyList<string> RequiredBudgets { get; init; } = [];

    /// <summary>
    /// An identity the caller brings, for example from <see cref="HoldId.FromText"/>: beginning twice with the same one while it is open holds once. Default: none.
    /// </summary>
    public HoldId Id { get; init; }

    /// <summary>True if only a header names the model: nobody has checked that the app uses it, so it must not make anything cheaper.</summary>
    internal bool ModelIsOnlyClaimed { get; init; }

    /// <summary>What is held; the estimate in the units of budgets.</summary>
    internal Charge? Amount { get; set; }

    internal static Charge ToCharge(CostEstimate estimate)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(estimate.CostUsd);
        ArgumentOutOfRangeException.ThrowIfNegative(estimate.Tokens);
        return new Charge(Money.FromUsd(estimate.CostUsd), estimate.Tokens);
    }
}
