using System.Net.Http.Headers;
using BudgetGuard.Gateway.Callers;
using BudgetGuard.Gateway.Errors;
using BudgetGuard.Gateway.Routing;
using BudgetGuard.Gateway.Settings;
using Microsoft.Extensions.Primitives;
using Yarp.ReverseProxy.Forwarder;

namespace BudgetGuard.Gateway.Forwarding;

/// <summary>
/// What changes on the way to a provider and back: credentials and names stay on their own side, and only the guard speaks for the guard.
/// </summary>
internal sealed partial class ProviderTransformer : HttpTransformer
{
    /// <summary>Stands among the items of a request that the provider answered with an error: such a call costs nothing, also where the answer breaks off.</summary>
    public static readonly object RefusedKey = new();

    private const string GuardHeaders = "X-BudgetGuard-";

    private const string ForwardedHeaders = "X-Forwarded-";

    /// <summary>The caller's own, and what could make of a priced request another one where it arrives.</summary>
    private static readonly string[] NeverForwarded =
    [
        "Cookie", "X-User-ID", "X-Model", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL", "Forwarded",
    ];

    /// <summary>Speak of the provider's own host, and would be believed of the gateway's.</summary>
    private static readonly string[] NeverReturned = ["Set-Cookie", "Alt-Svc", "Strict-Transport-Security"];

    /// <summary>Tell of the account that the gateway's key belongs to.</summary>
    private static readonly string[] AccountHeaders = ["openai-organization", "openai-project", "anthropic-organization-id"];

    private readonly Vendor _vendor;
    private readonly string? _userHeader;
    private readonly string _keyHeader;
    private readonly string? _apiKey;
    private readonly string? _keyValue;
    private readonly bool _replacesCredentials;
    private readonly ILogger _logger;

    public ProviderTransformer(Vendor vendor, UpstreamSettings settings, bool hasCallerKeys, string? userHeader, ILogger logger)
    {
        _vendor = vendor;
        _userHeader = string.IsNullOrWhiteSpace(userHeader) ? null : userHeader;
        _keyHeader = settings.KeyHeader ?? KeyHeaderOf(vendor, settings.Address!);
        _apiKey = settings.ApiKey;
        _keyValue = _apiKey is { } key
            ? _keyHeader.Equals(Credentials.Authorization, StringComparison.OrdinalIgnoreCase) ? $"Bearer {key}" : key
            : null;
        _replacesCredentials = hasCallerKeys || _apiKey is not null;
        _logger = logger;
    }

    public override async ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        HttpRequest request = httpContext.Request;
        PathString path = request.Path.StartsWithSegments(Vendors.PrefixOf(_vendor), out PathString rest) ? rest : request.Path;
        QueryString query = request.QueryString;
        HttpRequestHeaders headers = proxyRequest.Headers;
        RemoveNominated(headers, request.Headers.Connection);
        RemoveAll(headers, NeverForwarded);
        RemoveAllThatStartWith(headers, ForwardedHeaders);
        if (_userHeader is not null)
        {
            Remove(headers, _userHeader);
        }

        if (_replacesCredentials)
        {
            RemoveAll(headers, Credentials.Headers);
            RemoveAll(headers, Credentials.BillingHeaders);
        }

        if (_vendor == Vendor.Gemini)
        {
            query = GeminiQuery.WithoutSecrets(query, out string? key);
            if (!_replacesCredentials && key is not null && !headers.Contains(Credentials.GoogleHeader))
            {
                // The same key in a place that nobody logs.
                headers.TryAddWithoutValidation(Credentials.GoogleHeader, key);
            }
        }

        if (_keyValue is not null)
        {
            headers.Remove(_keyHeader);
            headers.TryAddWithoutValidation(_keyHeader, _keyValue);
        }

        // The provider's own name, not the gateway's.
        headers.Host = null;
        proxyRequest.RequestUri = RequestUtilities.MakeDestinationAddress(destinationPrefix, path, query);
    }

    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse is null)
        {
            return await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        }

        int status = (int)proxyResponse.StatusCode;
        if (status >= StatusCodes.Status400BadRequest)
        {
            httpContext.Items[RefusedKey] = RefusedKey;
        }

        if (_replacesCredentials && status is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden or StatusCodes.Status407ProxyAuthenticationRequired)
        {
            // Its text is about the gateway's key, and often shows a part of it.
            LogRefused(_logger, Vendors.NameOf(_vendor), status);
            await DialectErrors.WriteAsync(
                httpContext, StatusCodes.Status502BadGateway, "upstream_refused", "The model provider did not accept the gateway's request.");
            return false;
        }

        if (status is >= 300 and < 400 and not StatusCodes.Status304NotModified)
        {
            LogRedirected(_logger, Vendors.NameOf(_vendor), status);
            await DialectErrors.WriteAsync(
                httpContext, StatusCodes.Status502BadGateway, "upstream_redirect", "The model provider answered with a redirect, which is not followed.");
            return false;
        }

        Clean(proxyResponse.Headers);
        return await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
    }

    /// <summary>None are copied: no provider's API has any, and they could say what only the guard says.</summary>
    public override ValueTask TransformResponseTrailersAsync(HttpContext httpContext, HttpResponseMessage proxyResponse, CancellationToken cancellationToken) =>
        ValueTask.CompletedTask;

    private static string KeyHeaderOf(Vendor vendor, Uri address) => vendor switch
    {
        Vendor.Anthropic => Credentials.AnthropicHeader,
        Vendor.Gemini => Credentials.GoogleHeader,
        _ when address.Host.EndsWith(".openai.azure.com", StringComparison.OrdinalIgnoreCase) => Credentials.AzureHeader,
        _ => Credentials.Authorization,
    };

    private void Clean(HttpResponseHeaders headers)
    {
        RemoveAll(headers, NeverReturned);
        if (_replacesCredentials)
        {
            RemoveAll(headers, AccountHeaders);
        }

        List<string>? refused = null;
        foreach (KeyValuePair<string, HeaderStringValues> header in headers.NonValidated)
        {
            if (header.Key.StartsWith(GuardHeaders, StringComparison.OrdinalIgnoreCase) || ShowsKey(header.Value))
            {
                (refused ??= []).Add(header.Key);
            }
        }

        if (refused is not null)
        {
            RemoveAll(headers, refused);
        }
    }

    private bool ShowsKey(HeaderStringValues values)
    {
        if (_apiKey is not null)
        {
            foreach (string value in values)
            {
                if (value.Contains(_apiKey, StringComparison.Ordinal))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>
    /// What a client's Connection header names belongs to its own connection; the forwarder only knows the usual ones. Kestrel shows the names unless
    /// <c>close</c> or <c>keep-alive</c> stands beside them, which is all it keeps then.
    /// </summary>
    private static void RemoveNominated(HttpRequestHeaders headers, StringValues connection)
    {
        foreach (string? value in connection)
        {
            foreach (Range name in value.AsSpan().Split(','))
            {
                ReadOnlySpan<char> nominated = value.AsSpan()[name].Trim();
                if (!nominated.Equals("keep-alive", StringComparison.OrdinalIgnoreCase) && HeaderNames.IsName(nominated))
                {
                    Remove(headers, nominated.ToString());
                }
            }
        }
    }

    private static void RemoveAll(HttpHeaders headers, IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            Remove(headers, name);
        }
    }

    private static void RemoveAllThatStartWith(HttpHeaders headers, string prefix)
    {
        List<string>? found = null;
        foreach (KeyValuePair<string, HeaderStringValues> header in headers.NonValidated)
        {
            if (header.Key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                (found ??= []).Add(header.Key);
            }
        }

        RemoveAll(headers, found ?? []);
    }

    private static void Remove(HttpHeaders headers, string name)
    {
        // Asked first: a name that belongs to the body's headers is refused with an exception.
        if (headers.NonValidated.Contains(name))
        {
            headers.Remove(name);
        }
    }

    [LoggerMessage(2, LogLevel.Warning, "{Upstream} refused the gateway's request with {Status}: its key may be wrong or lack a right.", EventName = "UpstreamRefused")]
    private static partial void LogRefused(ILogger logger, string upstream, int status);

    [LoggerMessage(3, LogLevel.Warning, "{Upstream} answered with the redirect {Status}, which was not followed.", EventName = "UpstreamRedirected")]
    private static partial void LogRedirected(ILogger logger, string upstream, int status);
}
