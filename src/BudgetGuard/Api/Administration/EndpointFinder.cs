using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.AspNetCore.Routing.Template;

namespace BudgetGuard.Api.Administration;

/// <summary>Finds the endpoint that would answer a method and a path, without a request. Of policies that look at more of a request it knows nothing.</summary>
internal sealed class EndpointFinder(EndpointDataSource endpoints, ParameterPolicyFactory policies)
{
    public Endpoint? Find(string method, string path)
    {
        RouteEndpoint? found = null;
        foreach (Endpoint endpoint in endpoints.Endpoints)
        {
            if (endpoint is RouteEndpoint route && Takes(route, method) && (found is null || IsBefore(route, found)) && Matches(route.RoutePattern, path))
            {
                found = route;
            }
        }

        return found;
    }

    private static bool IsBefore(RouteEndpoint one, RouteEndpoint other) =>
        one.Order != other.Order ? one.Order < other.Order
        : one.RoutePattern.InboundPrecedence != other.RoutePattern.InboundPrecedence ? one.RoutePattern.InboundPrecedence < other.RoutePattern.InboundPrecedence
        : MethodsOf(one) > 0 && MethodsOf(other) == 0;

    private static int MethodsOf(RouteEndpoint route) => route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Count ?? 0;

    private static bool Takes(RouteEndpoint route, string method) =>
        route.Metadata.GetMetadata<IHttpMethodMetadata>() is not { HttpMethods.Count: > 0 } declared || declared.HttpMethods.Any(one => HttpMethods.Equals(one, method));

    private bool Matches(RoutePattern pattern, string path)
    {
        var values = new RouteValueDictionary();
        if (!new TemplateMatcher(new RouteTemplate(pattern), new RouteValueDictionary(pattern.Defaults)).TryMatch(path, values))
        {
            return false;
        }

        foreach ((string name, IReadOnlyList<RoutePatternParameterPolicyReference> references) in pattern.ParameterPolicies)
        {
            foreach (RoutePatternParameterPolicyReference reference in references)
            {
                if (policies.Create(pattern.GetParameter(name), reference) is IRouteConstraint constraint
                    && !constraint.Match(null, null, name, values, RouteDirection.IncomingRequest))
                {
                    return false;
                }
            }
        }

        return true;
    }
}
