using System.Runtime.CompilerServices;
using BudgetGuard.Api;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Matching;

namespace BudgetGuard.Filtering;

/// <summary>
/// Makes an endpoint that says something to the guard fail where the guard has not seen it: it ran before routing, in another branch, or not at all.
/// Works for short-circuited endpoints and controllers alike, because routing itself hands out the checked endpoint.
/// </summary>
internal sealed class UnseenEndpointPolicy : MatcherPolicy, IEndpointSelectorPolicy
{
    private static readonly ConditionalWeakTable<RouteEndpoint, RouteEndpoint> CheckedEndpoints = [];

    // Last, so that other policies see the endpoints they know.
    public override int Order => int.MaxValue;

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints)
    {
        foreach (Endpoint endpoint in endpoints)
        {
            if (endpoint is RouteEndpoint && MustBeSeen(endpoint))
            {
                return true;
            }
        }

        return false;
    }

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        for (int i = 0; i < candidates.Count; i++)
        {
            if (candidates.IsValidCandidate(i) && candidates[i] is { Endpoint: RouteEndpoint { RequestDelegate: not null } endpoint } candidate
                && MustBeSeen(endpoint))
            {
                candidates.ReplaceEndpoint(i, CheckedEndpoints.GetValue(endpoint, Check), candidate.Values);
            }
        }

        return Task.CompletedTask;
    }

    // One that disables the guard is let off wherever it runs: disable wins over everything.
    private static bool MustBeSeen(Endpoint endpoint) => EndpointTerms.Of(endpoint) is { IsDisabled: false };

    private static RouteEndpoint Check(RouteEndpoint endpoint)
    {
        RequestDelegate run = endpoint.RequestDelegate!;
        return new RouteEndpoint(
            context => WasSeen(context) ? run(context) : throw new InvalidOperationException(
                $"The endpoint '{endpoint.DisplayName}' has budget metadata, but the budget guard has not seen it. "
                + "Call app.UseBudgetGuard() after app.UseRouting() and before the endpoints, and do not short-circuit the endpoint."),
            endpoint.RoutePattern,
            endpoint.Order,
            endpoint.Metadata,
            endpoint.DisplayName);
    }

    private static bool WasSeen(HttpContext context)
    {
        Endpoint? running = context.GetEndpoint();
        return context.Features.Get<IBudgetGuardFeature>() is GuardedRequest guarded && ReferenceEquals(guarded.SeenEndpoint, running)
            || ReferenceEquals(context.Features.Get<GuardVisit>()?.Endpoint, running);
    }
}
