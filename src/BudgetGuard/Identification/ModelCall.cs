using BudgetGuard.Estimation;

namespace BudgetGuard.Identification;

/// <summary>A request to a known model API, as a feature of its context.</summary>
/// <param name="Api">The API.</param>
/// <param name="Request">What its path and body say.</param>
internal sealed record ModelCall(ModelApi Api, ModelRequest Request);
