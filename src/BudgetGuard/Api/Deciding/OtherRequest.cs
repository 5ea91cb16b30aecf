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
    /// <param name="target">Its path, as it is written on the wire, and its query.</param>
    /// <param name="headers">Its headers.</param>
    /// <param name="body">Its body; null: that of the context.</param>
    public static HttpContext In(HttpContext context, string method, string target, IHeaderDictionary headers, byte[]? body)
    {
        int query = target.IndexOf('?', StringComparison.Ordinal);
        string path = query < 0 ? target : target[..query];
        var features = new FeatureCollection(context.Features);
        features.Set<IHttpRequestFeature>(new HttpRequestFeature
        {
            Protocol = context.Request.Protocol,
            Scheme = context.Request.Scheme,
            Method = method,
            Path = PathString.FromUriComponent(path).Value ?? "/",
            QueryString = query < 0 ? string.Empty : target[query..],
            RawTarget = target,
            Headers = headers,
            Body = body is null ? context.Request.Body : new MemoryStream(body, writable: false),
        });
        features.Set<IEndpointFeature>(new NoEndpoint());
        features.Set<IRouteValuesFeature>(new RouteValuesFeature());
        features.Set<IQueryFeature>(new QueryFeature(features));
        return new DefaultHttpContext(features);
    }

    private sealed class NoEndpoint : IEndpointFeature
    {
        public Endpoint? Endpoint { get; set; }
    }
}
