using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Estimation;

internal sealed class DelegateCostEstimator(Func<BudgetRequest, HttpContext, CancellationToken, ValueTask<CostEstimate?>> estimate) : ICostEstimator
{
    public ValueTask<CostEstimate?> EstimateAsync(BudgetRequest request, HttpContext context, CancellationToken cancellationToken) =>
        estimate(request, context, cancellationToken);
}
