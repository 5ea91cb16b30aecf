namespace BudgetGuard;

/// <summary>One request as the policy sees it: who pays, for which operation, of which model, and what it may cost. Not made to be derived from.</summary>
public class BudgetRequest
{
    internal const string DefaultOperation = "api_call";

    // Plain fields, and defaults only in the constructor that needs them: one is made for each guarded request.
    private readonly BroughtId? _id;
    private Charge _amount;
    private bool _hasAmount;

    /// <summary>Makes a request of anonymous for an <c>api_call</c>.</summary>
    public BudgetRequest()
    {
        Subject = BudgetSubject.Anonymous;
        Operation = DefaultOperation;
        RequiredBudgets = [];
    }

    private protected BudgetRequest(in BudgetSubject subject, string operation, string? model, bool modelIsOnlyClaimed, IReadOnlyList<string> requiredBudgets)
    {
        Subject = subject;
        Operation = operation;
        Model = model;
        ModelIsOnlyClaimed = modelIsOnlyClaimed;
        RequiredBudgets = requiredBudgets;
    }

    /// <summary>Who pays. Default <see cref="BudgetSubject.Anonymous"/>.</summary>
    public BudgetSubject Subject { get; init; }

    /// <summary>What is done. Default <c>api_call</c>.</summary>
    public string Operation { get; init; }

    /// <summary>The model, if any.</summary>
    public string? Model { get; init; }

    /// <summary>
    /// What it may cost at most; null: <see cref="BudgetGuardOptions.DefaultCost"/>. In the middleware this is the answer of the estimators.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The cost or the tokens are negative, or the cost is above nine billion dollars.</exception>
    public CostEstimate? Estimate
    {
        get => Amount is null ? null : new CostEstimate(Estimated.Cost.Usd, Estimated.Tokens);
        init => Amount = value is { } estimate ? ToCharge(estimate) : null;
    }

    /// <summary>The names of budgets that are declared explicit and shall apply to this request. Default: none.</summary>
    public IReadOnlyList<string> RequiredBudgets { get; init; }

    /// <summary>
    /// An identity the caller brings, for example from <see cref="HoldId.FromText"/>: beginning twice with the same one while it is open holds once,
    /// and the lease that ends first settles it. Default: none.
    /// </summary>
    public HoldId Id
    {
        get => _id?.Value ?? default;
        init => _id = value == default ? null : new BroughtId(value);
    }

    /// <summary>True if <see cref="Id"/> was made for this request alone, so that nobody else asks for the same hold.</summary>
    internal virtual bool OwnsId => false;

    /// <summary>True if only a header names the model: nobody has checked that the app uses it, so it must not make anything cheaper.</summary>
    internal bool ModelIsOnlyClaimed { get; }

    /// <summary>By what <see cref="Diagnostics.GuardHistory"/> knows its decision; 0 where it is not remembered.</summary>
    internal long Ticket { get; set; }

    /// <summary>The upper bound of a request whose amount is known. A stream holds less of it at a time.</summary>
    internal virtual Charge Estimated => _amount;

    /// <summary>How long its hold lasts if nobody resolves it; null: as the setting says.</summary>
    internal virtual TimeSpan? HoldFor => null;

    /// <summary>What is held; in the units of budgets.</summary>
    internal Charge? Amount
    {
        get => _hasAmount ? _amount : null;
        set
        {
            _hasAmount = value is not null;
            _amount = value.GetValueOrDefault();
        }
    }

    /// <summary>What is held, where a request that says nothing of it costs so much.</summary>
    internal Charge AmountOr(Money cost) => _hasAmount ? _amount : new Charge(cost);

    /// <summary>What is held by a request whose amount is known.</summary>
    internal ref readonly Charge KnownAmount => ref _amount;

    internal static Charge ToCharge(CostEstimate estimate)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(estimate.CostUsd);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(estimate.CostUsd, Money.MaxUsd);
        ArgumentOutOfRangeException.ThrowIfNegative(estimate.Tokens);
        return new Charge(Money.FromUsd(estimate.CostUsd), estimate.Tokens);
    }

    private sealed record BroughtId(HoldId Value);
}
