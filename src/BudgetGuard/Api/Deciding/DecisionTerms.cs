using BudgetGuard.Identification;

namespace BudgetGuard.Api.Deciding;

/// <summary>What is decided on: the request with its amount, for how long it is held, and the model API it is for, if that is known.</summary>
internal sealed record DecisionTerms(DecisionRequest Request, TimeSpan Ttl, ModelApi? Api);
