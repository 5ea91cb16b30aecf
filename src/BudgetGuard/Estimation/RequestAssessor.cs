using BudgetGuard.Api;
using BudgetGuard.Filtering;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Estimation;

/// <summary>Turns an HTTP request into what the policy decides on: who asks, for what, of which model, at what cost at most.</summary>
internal sealed class RequestAssessor(RequestIdentifier identifier, RequestEstimator estimator)
{
    /// <exception cref="BadHttpRequestException">400: a name is ambiguous or cannot be shown, or the model has no price and such models are rejected.</exception>
    /// <exception cref="BudgetGuardUnavailableException">An extension point failed, and <c>FailOpen</c> is false.</exception>
    public ValueTask<GuardedRequest> AssessAsync(HttpContext context, EndpointTerms? terms, ModelCall? call)
    {
        // Steps that are at hand cost no state machine: with the defaults all of them are. A result is only read of a step that is complete.
        ValueTask<GuardedRequest> identifying = identifier.IdentifyAsync(context, terms, call);
        if (!identifying.IsCompletedSuccessfully)
        {
            return AwaitAsync(identifying, context, terms, call);
        }

        GuardedRequest request = identifying.Result;
        ValueTask<Charge> estimating = estimator.EstimateAsync(context, request, terms, call);
        if (!estimating.IsCompletedSuccessfully)
        {
            return AwaitAsync(estimating, request);
        }

        request.Amount = estimating.Result;
        return new ValueTask<GuardedRequest>(request);
    }

    private async ValueTask<GuardedRequest> AwaitAsync(ValueTask<GuardedRequest> identifying, HttpContext context, EndpointTerms? terms, ModelCall? call)
    {
        GuardedRequest request = await identifying.ConfigureAwait(false);
        request.Amount = await estimator.EstimateAsync(context, request, terms, call).ConfigureAwait(false);
        return request;
    }

    private static async ValueTask<GuardedRequest> AwaitAsync(ValueTask<Charge> estimating, GuardedRequest request)
    {
        request.Amount = await estimating.ConfigureAwait(false);
        return request;
    }
}
