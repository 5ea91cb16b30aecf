using BudgetGuard.Gateway.Errors;
using BudgetGuard.Gateway.Settings;
using Microsoft.Extensions.Primitives;

namespace BudgetGuard.Gateway.Callers;

/// <summary>
/// Without keys whoever reaches the gateway may spend, and only programs of this machine do. A browser on it is one, so that any web page could spend through
/// it: by a name of its own that resolves to this machine, or by a plain form. Such requests tell on themselves, and are refused; save to the API where it has
/// a key, which no page knows.
/// </summary>
internal sealed class LocalCallersMiddleware(RequestDelegate next, GatewaySettings settings)
{
    private const string FetchSite = "Sec-Fetch-Site";

    public Task InvokeAsync(HttpContext context) =>
        IsLocal(context.Request) || (settings.AdminKey is not null && context.Request.Path.StartsWithSegments(BudgetGuardApiExtensions.DefaultPrefix))
            ? next(context)
            : DialectErrors.WriteAsync(
                context,
                StatusCodes.Status403Forbidden,
                "not_local",
                "Without keys for its callers the gateway answers only programs of its own machine that call it localhost, and no web pages.");

    private static bool IsLocal(HttpRequest request) =>
        OpenProxy.IsLoopbackHost(request.Host.Host) && !IsOfAnotherSite(request.Headers[FetchSite]) && IsLocalOrigin(request.Headers.Origin);

    private static bool IsOfAnotherSite(StringValues site)
    {
        foreach (string? value in site)
        {
            if (!string.Equals(value, "same-origin", StringComparison.OrdinalIgnoreCase) && !string.Equals(value, "none", StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Also no <c>null</c>, which pages in a frame or from a file have.</summary>
    private static bool IsLocalOrigin(StringValues origin)
    {
        foreach (string? value in origin)
        {
            if (!Uri.TryCreate(value, UriKind.Absolute, out Uri? address) || !OpenProxy.IsLoopbackHost(address.Host))
            {
                return false;
            }
        }

        return true;
    }
}
