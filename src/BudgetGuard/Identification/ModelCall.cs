using BudgetGuard.Estimation;

namespace BudgetGuard.Identification;

/// <summary>A request to a known model API, as a feature of its context.</summary>
/// <param name="Api">The API.</param>
/// <param name="Request">What its path and body say.</param>
/// <param name="RemovesUsage">True if the guard asked for the usage of the stream, so that the chunk it comes in is not for the caller.</param>
internal sealed record ModelCall(ModelApi Api, ModelRequest Request, bool RemovesUsage = false);
