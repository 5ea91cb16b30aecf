using Microsoft.Extensions.Primitives;

namespace BudgetGuard.Gateway.Callers;

/// <summary>Where callers put their keys: in any vendor's header, and Gemini's also in the query.</summary>
internal static class Credentials
{
    public const string Authorization = "Authorization";
    public const string AnthropicHeader = "x-api-key";
    public const string GoogleHeader = "x-goog-api-key";
    public const string AzureHeader = "api-key";
    public const string QueryKey = "key";

    private const string Bearer = "Bearer ";
    private static readonly string[] KeyHeaders = [AnthropicHeader, GoogleHeader, AzureHeader];

    /// <summary>Every header that carries a credential to some provider.</summary>
    public static string[] Headers { get; } = [Authorization, "Proxy-Authorization", .. KeyHeaders, "Ocp-Apim-Subscription-Key"];

    /// <summary>Headers that choose whose account a provider's key is billed to.</summary>
    public static string[] BillingHeaders { get; } = ["OpenAI-Organization", "OpenAI-Project", "X-Goog-User-Project"];

    /// <summary>All keys that a request presents.</summary>
    public static IEnumerable<string> Of(HttpRequest request, bool isGemini)
    {
        foreach (string? value in request.Headers.Authorization)
        {
            if (value is not null && value.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            {
                yield return value[Bearer.Length..].Trim();
            }
        }

        foreach (string header in KeyHeaders)
        {
            foreach (string? value in request.Headers[header])
            {
                if (value is not null)
                {
                    yield return value.Trim();
                }
            }
        }

        StringValues queried = isGemini ? request.Query[QueryKey] : default;
        foreach (string? value in queried)
        {
            if (value is not null)
            {
                yield return value;
            }
        }
    }
}
