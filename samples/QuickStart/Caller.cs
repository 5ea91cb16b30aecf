using BudgetGuard;
using Microsoft.Extensions.Primitives;

namespace QuickStart;

/// <summary>Who pays for a request of this demo.</summary>
internal static class Caller
{
    private const string Bearer = "Bearer ";

    // An app has an identity provider for this; the demo has to run alone.
    private static readonly Dictionary<string, string> UsersByToken = new(StringComparer.Ordinal)
    {
        ["demo-token-alice"] = "alice",
        ["demo-token-bob"] = "bob",
    };

    public static string Of(HttpContext context)
    {
        StringValues authorization = context.Request.Headers.Authorization;
        if (authorization.Count > 0)
        {
            // A token nobody knows names nobody. Falling through to the header would let a wrong token choose a name.
            return authorization is [{ } text] && text.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
                && UsersByToken.TryGetValue(text[Bearer.Length..], out string? user)
                ? user
                : BudgetSubject.AnonymousUser;
        }

        // For the demo only: callers name themselves, so that nobody has to sign in. Whoever chooses a name can spend another user's budget, or
        // have a new one for each request. An app believes this header only behind a proxy that sets it; else it asks its authentication.
        StringValues names = context.Request.Headers["X-User-ID"];
        return names switch
        {
            [] => BudgetSubject.AnonymousUser,
            [{ } name] => name,
            _ => throw new BadHttpRequestException("The header X-User-ID is given more than once."),
        };
    }
}
