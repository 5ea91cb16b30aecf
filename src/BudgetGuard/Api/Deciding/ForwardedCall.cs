using System.Text;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Primitives;

namespace BudgetGuard.Api.Deciding;

/// <summary>How a proxy asks, and what answers it understands.</summary>
internal enum ProxyProfile
{
    /// <summary><c>auth_request</c>: 2xx or 403, and never a body.</summary>
    Nginx,

    /// <summary><c>ext_authz</c> over HTTP: 200, or what the client is answered.</summary>
    Envoy,

    /// <summary><c>ForwardAuth</c>: 2xx, or what the client is answered.</summary>
    Traefik,
}

/// <summary>The request that a proxy asks about, as its profile tells it.</summary>
internal readonly record struct ForwardedCall(ProxyProfile Profile, string Method, PathString Path, string Query)
{
    private const string EnvoyPrefix = "?profile=envoy";
    private const int LongestMethod = 32;

    public static (ForwardedCall Call, Problem? Problem) Read(HttpContext context)
    {
        // Behind its prefix Envoy sends the client's own path and query: what that query says of a profile is the client's word.
        string query = context.Request.QueryString.Value ?? string.Empty;
        string? rest = context.GetRouteValue("rest") as string;
        if (rest is not null || context.Request.Path.Value is [.., '/'])
        {
            return (new ForwardedCall(ProxyProfile.Envoy, context.Request.Method, new PathString("/" + rest), query), null);
        }

        if (query.StartsWith(EnvoyPrefix + "/", StringComparison.Ordinal))
        {
            return Of(ProxyProfile.Envoy, context.Request.Method, query[EnvoyPrefix.Length..], "the path behind profile=envoy");
        }

        return context.Request.Query["profile"] is not [{ } profile] ? (default, NoProfile()) : profile switch
        {
            "nginx" => FromHeaders(context, ProxyProfile.Nginx, "X-Original-URI", "X-Original-Method"),
            "traefik" => FromHeaders(context, ProxyProfile.Traefik, "X-Forwarded-Uri", "X-Forwarded-Method"),
            "envoy" => (new ForwardedCall(ProxyProfile.Envoy, context.Request.Method, new PathString("/"), string.Empty), null),
            _ => (default, NoProfile()),
        };
    }

    private static Problem NoProfile() => Problem.Of("profile", "must be there once, as nginx, envoy or traefik");

    private static (ForwardedCall Call, Problem? Problem) FromHeaders(HttpContext context, ProxyProfile profile, string target, string method)
    {
        IHeaderDictionary headers = context.Request.Headers;
        StringValues methods = headers[method];
        if (methods.Count > 1)
        {
            return (default, Fault($"The header {method} must be there once."));
        }

        // What may be a POST is taken for one: nothing gets cheaper by not saying what it is.
        string said = methods.Count == 0 || methods[0] is not { Length: > 0 } one ? HttpMethods.Post : one;
        return headers[target] is [{ } uri] ? Of(profile, said, uri, $"the header {target}") : (default, Fault($"The header {target} must be there once."));
    }

    private static (ForwardedCall Call, Problem? Problem) Of(ProxyProfile profile, string method, string target, string where)
    {
        if (method.Length > LongestMethod || !Ascii.IsValid(method) || !SubjectRules.IsShowable(method))
        {
            return (default, Fault("The method is none."));
        }

        if (!OtherRequest.IsTarget(target))
        {
            return (default, Fault($"What {where} has must begin with '/' and have no control characters."));
        }

        int query = target.IndexOf('?', StringComparison.Ordinal);
        PathString path = PathString.FromUriComponent(query < 0 ? target : target[..query]);
        return (new ForwardedCall(profile, HttpMethods.GetCanonicalizedValue(method), path, query < 0 ? string.Empty : target[query..]), null);
    }

    private static Problem Fault(string detail) => Problem.Of(StatusCodes.Status400BadRequest, "invalid_request", detail);
}
