using System.Collections.Immutable;

namespace BudgetGuard.Gateway.Routing;

/// <summary>Whose API a route speaks.</summary>
internal enum Vendor
{
    OpenAI,
    Anthropic,
    Gemini,
}

/// <summary>The vendors, and what each is called in settings and paths.</summary>
internal static class Vendors
{
    public static ImmutableArray<Vendor> All { get; } = [Vendor.OpenAI, Vendor.Anthropic, Vendor.Gemini];

    public static string[] Names { get; } = [.. All.Select(NameOf)];

    public static string NameOf(Vendor vendor) => vendor switch
    {
        Vendor.OpenAI => "openai",
        Vendor.Anthropic => "anthropic",
        _ => "gemini",
    };

    /// <summary>The segment that all routes of the vendor are also under.</summary>
    public static string PrefixOf(Vendor vendor) => "/" + NameOf(vendor);

    public static ResponseFormat FormatOf(Vendor vendor) => vendor switch
    {
        Vendor.OpenAI => ResponseFormat.OpenAI,
        Vendor.Anthropic => ResponseFormat.Anthropic,
        _ => ResponseFormat.Gemini,
    };

    /// <summary>Whose client most likely asks for a path that is no route, so that it can read the answer.</summary>
    public static Vendor Guess(PathString path)
    {
        if (path.StartsWithSegments("/gemini") || path.StartsWithSegments("/v1beta"))
        {
            return Vendor.Gemini;
        }

        return path.StartsWithSegments("/anthropic") || path.StartsWithSegments("/v1/messages") ? Vendor.Anthropic : Vendor.OpenAI;
    }
}
