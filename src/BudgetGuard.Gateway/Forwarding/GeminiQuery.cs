using System.Text;
using BudgetGuard.Gateway.Callers;

namespace BudgetGuard.Gateway.Forwarding;

/// <summary>The query of a request to Gemini, which may hold keys and even headers and another method.</summary>
internal static class GeminiQuery
{
    /// <summary>The query without them, the rest as it was written.</summary>
    /// <param name="query">What the caller sent.</param>
    /// <param name="key">The caller's key, if there was one.</param>
    public static QueryString WithoutSecrets(QueryString query, out string? key)
    {
        key = null;
        if (!query.HasValue || query.Value.Length < 2)
        {
            return query;
        }

        StringBuilder kept = new();
        foreach (string pair in query.Value[1..].Split('&'))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            string name = Decode(equals < 0 ? pair : pair[..equals]);
            if (name.Equals(Credentials.QueryKey, StringComparison.OrdinalIgnoreCase))
            {
                key = equals < 0 ? null : Decode(pair[(equals + 1)..]);
            }
            else if (!IsTaken(name))
            {
                kept.Append(kept.Length == 0 ? '?' : '&').Append(pair);
            }
        }

        return new QueryString(kept.Length == 0 ? null : kept.ToString());
    }

    private static bool IsTaken(string name) =>
        name.Equals("access_token", StringComparison.OrdinalIgnoreCase)
        || name.Equals("oauth_token", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("$http", StringComparison.OrdinalIgnoreCase);

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
