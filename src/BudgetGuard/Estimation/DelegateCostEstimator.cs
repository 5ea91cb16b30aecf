using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Estimation;

internal sealed class DelegateCostEstimator(Func<HttpContext, CancellationToken, ValueTask<decimal?>> estimate) : ICostEstimator
{
    public async ValueTask<CostEstimate?> EstimateAsync(BudgetRequest request, HttpContext context, CancellationToken cancellationToken) =>
        await estimate(context, cancellationToken).ConfigureAwait(false) is { } usd ? new CostEstimate(usd) : null;
}
