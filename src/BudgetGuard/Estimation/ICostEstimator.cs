using Microsoft.AspNetCore.Http;

namespace BudgetGuard;

/// <summary>Tells what a request may cost at most.</summary>
public interface ICostEstimator
{
    /// <summary>
    /// Returns the upper bound; null means no opinion: the default's answer stands. The cost an endpoint declares with <c>WithCost</c> beats it.
    /// A negative cost is refused as a failure of the estimator.
    /// </summary>
    ValueTask<CostEstimate?> EstimateAsync(BudgetRequest request, HttpContext context, CancellationToken cancellationToken);
}
