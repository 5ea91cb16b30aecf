using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace BudgetGuard.Api.Deciding;

/// <summary>
/// A request that somebody tells of, as a context that extractors and estimators of the app read like one of its own. What is not of the request itself (the
/// services, who was authenticated, the connection) is that of the context it was told in.
/// </summary>
internal static class OtherRequest
{
    /// <param name="context">Where it was told.</param>
    /// <param name="method">Its method.</param>
    /// <param name="path">Its path, decoded.</param>
    /// <param name="query">Its query with the question mark, or nothing.</param>
    /// <param name="headers">Its headers.</param>
    /// <param name="body">Its body.</param>
    public static HttpContext In(HttpContext context, string method, PathString path, string query, IHeaderDictionary headers, Stream body)
    {
        var features = new FeatureCollection(context.Features);
        features.Set<IHttpRequestFeature>(new HttpRequestFeature
        {
            Protocol = context.Request.Protocol,
            Scheme = context.Request.Scheme,
            Method = method,
            Path = path.Value ?? "/",
            QueryString = query,
            RawTarget = path.ToUriComponent() + query,
            Headers = headers,
            Body = body,
        });
        features.Set<IEndpointFeature>(new NoEndpoint());
        features.Set<IRouteValuesFeature>(new RouteValuesFeature());
        features.Set<IQueryFeature>(new QueryFeature(features));
        return new DefaultHttpContext(features);
    }

    /// <summary>False for what no server takes for the target of a request: it does not begin with a slash, or has characters that cannot be shown.</summary>
    public static bool IsTarget(string target) =>
        target.StartsWith('/') && SubjectRules.IsShowable(target) && !target.Contains("%00", StringComparison.Ordinal);

    private sealed class NoEndpoint : IEndpointFeature
    {
        public Endpoint? Endpoint { get; set; }
    }
}
