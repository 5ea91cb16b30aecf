namespace BudgetGuard.Api.Deciding;

/// <summary>A request that another framework asks for, with a hold that lasts as long as it says.</summary>
internal sealed class DecisionRequest(in BudgetSubject subject, string operation, string? model, TimeSpan holdFor)
    : BudgetRequest(subject, operation, model, modelIsOnlyClaimed: false, [])
{
    /// <summary>As a hold with an id of its own, which no other request has.</summary>
    public DecisionRequest(in BudgetSubject subject, string operation, string? model, TimeSpan holdFor, HoldId id)
        : this(subject, operation, model, holdFor) => Id = id;

    internal override bool OwnsId => true;

    internal override TimeSpan? HoldFor { get; } = holdFor;

    /// <summary>The same with another amount.</summary>
    public DecisionRequest With(Charge amount) => new(Subject, Operation, Model, HoldFor!.Value) { Amount = amount };
}
