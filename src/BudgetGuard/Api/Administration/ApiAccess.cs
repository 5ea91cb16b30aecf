using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace BudgetGuard.Api.Administration;

/// <summary>Marks what callers may read of themselves with their own credential, where the app knows them by one.</summary>
internal sealed class OwnAccountsMetadata
{
    public static OwnAccountsMetadata Instance { get; } = new();
}

/// <summary>How the app knows its callers: true if the request carries the credential of one.</summary>
internal sealed record ApiCallersMetadata(Func<HttpContext, bool> IsCaller);

/// <summary>Who uses the API, as audit lines name them.</summary>
internal sealed record ApiUser(string Name);

/// <summary>
/// Who may use the API. Without authorization and without a key only programs of this machine may, that call it by a name of this machine: what came through a
/// proxy is from elsewhere, and so is a web page of another site in a browser of this machine.
/// </summary>
internal static class ApiAccess
{
    // X-Original-URI and -Method are not among them: with them a proxy of this machine asks for a decision of its own.
    private static readonly string[] _forwardingHeaders =
    [
        "Forwarded", "Via", "X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP", "True-Client-IP", "CF-Connecting-IP", "CF-Ray", "Fastly-Client-IP",
        "X-Original-For", "X-Original-Host", "X-Original-Proto", "X-Original-Prefix", "X-ProxyUser-IP", "X-Envoy-External-Address", "X-Amzn-Trace-Id",
    ];

    /// <summary>Lets a request in, or answers it.</summary>
    public static Task RunAsync(HttpContext context, RequestDelegate next)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        EndpointMetadataCollection metadata = context.GetEndpoint()!.Metadata;
        if (IsOwnCaller(context, metadata))
        {
            return next(context);
        }

        bool isAuthorized = IsAuthorized(metadata);
        if (metadata.GetMetadata<AdminKey>() is { } key)
        {
            return JudgeKey(context, key) is { } refused ? refused : Enter(context, next, "admin key");
        }

        if (isAuthorized)
        {
            return IsOfThisSite(context.Request)
                ? Enter(context, next, context.User.Identity?.Name ?? "authorized user")
                : RefuseAsync(context, "Pages of another site may not use this API.");
        }

        return IsLocal(context)
            ? Enter(context, next, "this machine")
            : RefuseAsync(
                context, "Only programs of this machine may use this API, directly and under the name localhost, until authorization is attached or an administration key is set.");
    }

    private static Task Enter(HttpContext context, RequestDelegate next, string user)
    {
        context.Features.Set(new ApiUser(user));
        return next(context);
    }

    private static bool IsOwnCaller(HttpContext context, EndpointMetadataCollection metadata) =>
        metadata.GetMetadata<OwnAccountsMetadata>() is not null && metadata.GetMetadata<ApiCallersMetadata>() is { } callers && callers.IsCaller(context);

    private static bool IsAuthorized(EndpointMetadataCollection metadata) =>
        metadata.GetMetadata<IAllowAnonymous>() is null
        && (metadata.GetMetadata<IAuthorizeData>() is not null || metadata.GetMetadata<AuthorizationPolicy>() is not null);

    private static Task? JudgeKey(HttpContext context, AdminKey key)
    {
        DateTimeOffset now = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        AdminKeyVerdict verdict = key.Judge(context.Request.Headers.Authorization, now);
        switch (verdict)
        {
            case AdminKeyVerdict.Right:
                return null;
            case AdminKeyVerdict.TooManyWrong:
                context.Response.Headers.RetryAfter = (60 - now.Second).ToString(System.Globalization.CultureInfo.InvariantCulture);
                return ApiProblem.WriteAsync(context, StatusCodes.Status429TooManyRequests, "too_many_wrong_keys", "Too many wrong keys were presented in this minute.");
            default:
                if (verdict == AdminKeyVerdict.Wrong)
                {
                    context.RequestServices.GetRequiredService<ApiAudit>().WrongKey(context);
                }

                context.Response.Headers.WWWAuthenticate = "Bearer";
                return ApiProblem.WriteAsync(
                    context, StatusCodes.Status401Unauthorized, "unauthorized", "The administration key is needed, as 'Authorization: Bearer'; the one that was sent, if any, is not it.");
        }
    }

    private static Task RefuseAsync(HttpContext context, string why) => ApiProblem.WriteAsync(context, StatusCodes.Status403Forbidden, "forbidden", why);

    private static bool IsLocal(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } remote
        && IPAddress.IsLoopback(remote.IsIPv4MappedToIPv6 ? remote.MapToIPv4() : remote)
        && !IsForwarded(context.Request.Headers)
        && IsLoopbackHost(context.Request.Host.Host)
        && IsOfThisSite(context.Request);

    private static bool IsForwarded(IHeaderDictionary headers)
    {
        foreach (string name in _forwardingHeaders)
        {
            if (headers.ContainsKey(name))
            {
                return true;
            }
        }

        foreach (string name in headers.Keys)
        {
            if (name.StartsWith("X-Forwarded", StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsLoopbackHost(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.AsSpan().Trim("[]"), out IPAddress? ip) && IPAddress.IsLoopback(ip));

    /// <summary>
    /// False for what a browser sends for a page of another site: with cookies or from this machine it would act for whoever looks at that page. Programs send
    /// neither header.
    /// </summary>
    private static bool IsOfThisSite(HttpRequest request)
    {
        StringValues site = request.Headers["Sec-Fetch-Site"];
        foreach (string? value in site)
        {
            if (value is not ("same-origin" or "none"))
            {
                return false;
            }
        }

        foreach (string? origin in request.Headers.Origin)
        {
            if (site.Count == 0 && !(Uri.TryCreate(origin, UriKind.Absolute, out Uri? address)
                && string.Equals(address.Authority, new HostString(request.Host.Host, request.Host.Port ?? address.Port).ToUriComponent(), StringComparison.OrdinalIgnoreCase)))
            {
                return false;
            }
        }

        return true;
    }
}
