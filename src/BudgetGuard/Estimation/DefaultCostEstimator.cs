using BudgetGuard.Filtering;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Estimation;

/// <summary>The endpoint's own cost, else the upper bound of a model request, else the default cost.</summary>
internal sealed class DefaultCostEstimator(ModelCosts costs) : ICostEstimator
{
    /// <exception cref="BadHttpRequestException">400: the model has no price, and such models are rejected.</exception>
    public Charge Estimate(BudgetRequest request, EndpointTerms? terms, ModelCall? call)
    {
        string? model = request.Model;
        if (call is null)
        {
            return new Charge(terms?.Cost ?? costs.FlatCostOf(model) ?? throw Unpriced(model));
        }

        if (terms?.Cost is { } fixedCost)
        {
            return new Charge(fixedCost, TokensOf(model, call));
        }

        Charge estimate = costs.BoundOf(call.Request, call.Api, request.ModelIsOnlyClaimed ? null : model) ?? throw Unpriced(model);

        // A header never makes a body cheaper, but it may make it dearer.
        return request.ModelIsOnlyClaimed && costs.BoundOf(call.Request, call.Api, model) is { } claimed && claimed.Cost > estimate.Cost ? claimed : estimate;
    }

    /// <summary>The upper bound of a model request's tokens.</summary>
    public long TokensOf(string? model, ModelCall call) => costs.TokensOf(call.Request, call.Api, model);

    public ValueTask<CostEstimate?> EstimateAsync(BudgetRequest request, HttpContext context, CancellationToken cancellationToken)
    {
        ModelCall? call = context.Features.Get<ModelCall>();
        Charge charge = Estimate(request, EndpointTerms.Of(context.GetEndpoint()), call);
        return new ValueTask<CostEstimate?>(new CostEstimate(charge.Cost.Usd, charge.Tokens));
    }

    private static BadHttpRequestException Unpriced(string? model) => new(
        model is null ? "The request names no model, so it has no price." : $"The model '{Diagnostics.GuardLog.Printable(model)}' has no price.");
}
