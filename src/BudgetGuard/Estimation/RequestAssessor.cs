using BudgetGuard.Api;
using BudgetGuard.Configuration;
using BudgetGuard.Filtering;
using BudgetGuard.Identification;
using BudgetGuard.Metering;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Estimation;

/// <summary>Turns an HTTP request into what the policy decides on: who asks, for what, of which model, at what cost at most.</summary>
internal sealed class RequestAssessor(
    RequestIdentifier identifier, RequestEstimator estimator, DefaultCostEstimator standard, SettingsSource settings)
{
    /// <summary>The request as the guard's defaults see it; null where the app has its say, and <see cref="AssessAsync"/> has to be asked.</summary>
    /// <exception cref="BadHttpRequestException">400: a name is ambiguous or cannot be shown, or the model has no price and such models are rejected.</exception>
    public GuardedRequest? TryAssess(HttpContext context, EndpointTerms? terms, ModelCall? call)
    {
        if (identifier.HasCustom || estimator.IsAsked(terms))
        {
            return null;
        }

        GuardedRequest request = identifier.Identify(context, terms, call);
        request.Amount = estimator.Estimate(request, terms, call);
        request.HasFixedCost = terms?.Cost is not null;
        HoldInParts(request, call);
        return request;
    }

    /// <exception cref="BadHttpRequestException">400: as above, or an extension point refuses the request.</exception>
    /// <exception cref="BudgetGuardUnavailableException">An extension point failed, and <c>FailOpen</c> is false.</exception>
    public async ValueTask<GuardedRequest> AssessAsync(HttpContext context, EndpointTerms? terms, ModelCall? call)
    {
        GuardedRequest request = await identifier.IdentifyAsync(context, terms, call).ConfigureAwait(false);
        request.Amount = await estimator.EstimateAsync(context, request, terms, call).ConfigureAwait(false);
        request.HasFixedCost = terms?.Cost is not null;
        HoldInParts(request, call);
        return request;
    }

    /// <summary>A stream holds its money in parts, unless the app has an estimate of its own: nothing tells how that one grows.</summary>
    private void HoldInParts(GuardedRequest request, ModelCall? call)
    {
        if (call is { Request.Stream: true } && !request.HasFixedCost && !UnseenWork.IsIn(call.Request, request.Model) && settings.Current.EnableCostTracking
            && (!estimator.IsAsked(null) || request.KnownAmount == standard.Estimate(request, null, call)))
        {
            StreamHold.Begin(request, call, standard, settings);
        }
    }
}
