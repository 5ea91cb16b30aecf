namespace BudgetGuard.Api.Deciding;

/// <summary>A request that another framework asks for, with a hold that lasts as long as it says.</summary>
internal sealed class DecisionRequest(in BudgetSubject subject, string operation, string? model, TimeSpan holdFor)
    : BudgetRequest(subject, operation, model, modelIsOnlyClaimed: false, [])
{
    internal override TimeSpan? HoldFor { get; } = holdFor;

    /// <summary>The same with another amount.</summary>
    public DecisionRequest With(Charge amount) => new(Subject, Operation, Model, HoldFor!.Value) { Amount = amount };
}
