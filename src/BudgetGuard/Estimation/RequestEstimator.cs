using BudgetGuard.Diagnostics;
using BudgetGuard.Filtering;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Estimation;

/// <summary>Works out what a request may cost at most: the endpoint's own cost, else the app's estimator, else the default.</summary>
internal sealed class RequestEstimator(DefaultCostEstimator standard, ExtensionPoint<ICostEstimator> estimators, ExtensionCalls calls)
{
    /// <summary>True if an estimator of the app has to be asked.</summary>
    public bool IsAsked(EndpointTerms? terms) => estimators.HasCustom && terms?.Cost is null;

    /// <summary>What the guard itself estimates.</summary>
    /// <exception cref="BadHttpRequestException">400: the model has no price, and such models are rejected.</exception>
    public Charge Estimate(BudgetRequest request, EndpointTerms? terms, ModelCall? call) => standard.Estimate(request, terms, call);

    /// <exception cref="BadHttpRequestException">400: the model has no price, and such models are rejected.</exception>
    /// <exception cref="BudgetGuardUnavailableException">The estimator failed, and <c>FailOpen</c> is false.</exception>
    public ValueTask<Charge> EstimateAsync(HttpContext context, BudgetRequest request, EndpointTerms? terms, ModelCall? call) =>
        terms?.Cost is null && estimators.Of(context) is { } own
            ? AskAsync(own, context, request, terms, call)
            : new ValueTask<Charge>(standard.Estimate(request, terms, call));

    private async ValueTask<Charge> AskAsync(
        ICostEstimator own, HttpContext context, BudgetRequest request, EndpointTerms? terms, ModelCall? call)
    {
        Answer<Charge?> answer = await calls.CallAsync(
            FailureKind.CostEstimator,
            (own, request),
            context,
            static async (state, http, aborted) => await state.own.EstimateAsync(state.request, http, aborted).ConfigureAwait(false) is { } estimate
                ? ToCharge(estimate)
                : (Charge?)null).ConfigureAwait(false);
        if (answer.Value is not { } estimated)
        {
            return standard.Estimate(request, terms, call);
        }

        return call is null || estimated.Tokens > 0 ? estimated : estimated with { Tokens = standard.TokensOf(request.Model, call) };
    }

    // More than any amount is no failure of the estimator, for which a cheaper estimate would stand: it is more than any budget has.
    private static Charge ToCharge(CostEstimate estimate) =>
        BudgetRequest.ToCharge(estimate.CostUsd > Money.MaxUsd ? estimate with { CostUsd = Money.MaxUsd } : estimate);
}
