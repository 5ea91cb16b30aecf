using System.Security.Claims;
using BudgetGuard.Configuration;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features.Authentication;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace BudgetGuard.Identification;

/// <summary>The authenticated principal pays; else the user header, if it is trusted; else anonymous. Never parses a token itself.</summary>
internal sealed class DefaultUserExtractor(
    SettingsSource settings, ExtensionPoint<IUserExtractor> users, IOptions<AuthenticationOptions>? authentication = null) : IUserExtractor
{
    private readonly bool _hasSchemes = authentication?.Value.Schemes.Any() ?? false;

    /// <summary>True if callers name themselves: the header is believed though nobody has checked it.</summary>
    public bool TrustsUserHeader => settings.Current.TrustUserHeader ?? (!_hasSchemes && !users.HasCustom);

    public ValueTask<BudgetSubject?> ExtractAsync(HttpContext context, CancellationToken cancellationToken) => new(Extract(context));

    /// <exception cref="BadHttpRequestException">400: the user header is given more than once.</exception>
    /// <exception cref="InvalidOperationException">The guard stands before authentication.</exception>
    public BudgetSubject Extract(HttpContext context)
    {
        // Not context.User, which makes a principal where there is none.
        ClaimsPrincipal? principal = ((IHttpAuthenticationFeature?)context.Features[typeof(IHttpAuthenticationFeature)])?.User;
        if (principal?.Identity is { IsAuthenticated: true } identity)
        {
            string? user = principal.FindFirst(ClaimTypes.NameIdentifier)?.Value
                ?? principal.FindFirst("sub")?.Value
                ?? identity.Name;
            return new BudgetSubject(user);
        }

        if (_hasSchemes && !users.HasCustom && context.Features.Get<IAuthenticationFeature>() is null)
        {
            throw new InvalidOperationException(
                "The budget guard ran before authentication, so every caller would be anonymous. Call app.UseAuthentication() before app.UseBudgetGuard().");
        }

        return TrustsUserHeader ? FromHeader(context.Request) : BudgetSubject.Anonymous;
    }

    private BudgetSubject FromHeader(HttpRequest request)
    {
        string header = settings.Current.UserHeader;
        if (!request.Headers.TryGetValue(header, out StringValues values))
        {
            return BudgetSubject.Anonymous;
        }

        // Joined values would be one user to the guard and another to the app.
        return values.Count <= 1
            ? new BudgetSubject(values.Count == 0 ? null : values[0])
            : throw new BadHttpRequestException($"The header {header} is given more than once.");
    }
}
