using BudgetGuard.Diagnostics;
using BudgetGuard.Filtering;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Estimation;

/// <summary>Works out what a request may cost at most: the endpoint's own cost, else the app's estimator, else the default.</summary>
internal sealed class RequestEstimator(DefaultCostEstimator standard, ExtensionPoint<ICostEstimator> estimators, ExtensionCalls calls)
{
    /// <exception cref="BadHttpRequestException">400: the model has no price, and such models are rejected.</exception>
    /// <exception cref="BudgetGuardUnavailableException">The estimator failed, and <c>FailOpen</c> is false.</exception>
    public async ValueTask<Charge> EstimateAsync(HttpContext context, BudgetRequest request, bool modelIsOnlyClaimed, EndpointTerms? terms, ModelCall? call)
    {
        if (terms?.Cost is null && estimators.Of(context) is { } own)
        {
            Answer<Charge?> answer = await calls.CallAsync(
                FailureKind.CostEstimator,
                (own, request),
                context,
                static async (state, http, aborted) => await state.own.EstimateAsync(state.request, http, aborted).ConfigureAwait(false) is { } estimate
                    ? BudgetRequest.ToCharge(estimate)
                    : (Charge?)null).ConfigureAwait(false);
            if (answer.Value is { } estimated)
            {
                return call is null || estimated.Tokens > 0
                    ? estimated
                    : estimated with { Tokens = standard.TokensOf(request.Model, call) };
            }
        }

        return standard.Estimate(request.Model, modelIsOnlyClaimed, terms, call);
    }
}
