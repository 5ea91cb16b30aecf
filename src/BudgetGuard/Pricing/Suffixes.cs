namespace BudgetGuard.Pricing;

/// <summary>What providers put behind and in front of a model's name without meaning another price.</summary>
internal static class Suffixes
{
    // Regions are priced: a name is tried with them first.
    private static readonly string[] _bedrockRegions = ["us-gov.", "global.", "apac.", "us.", "eu.", "au.", "jp.", "ca.", "in.", "sa."];

    private static readonly string[] _bedrockVendors =
    [
        "anthropic.", "amazon.", "meta.", "mistral.", "cohere.", "deepseek.", "openai.", "qwen.", "google.", "nvidia.", "writer.", "ai21.", "minimax.",
        "moonshot.", "moonshotai.", "zai.", "stability.", "twelvelabs.", "luma.",
    ];

    // ":extended" has prices of its own.
    private static readonly string[] _routerVariants = [":free", ":nitro", ":floor", ":thinking", ":online", ":batch", ":beta", ":exacto"];

    public static bool HasBedrockShape(string name) => HeadOf(name, _bedrockRegions) > 0 || HeadOf(name, _bedrockVendors) > 0;

    /// <summary>The name without the next of OpenRouter's variant, Bedrock's version, region and vendor; null if it has none of them.</summary>
    public static string? WithoutLastOfRouterOrBedrock(string name)
    {
        foreach (string variant in _routerVariants)
        {
            if (name.EndsWith(variant, StringComparison.Ordinal))
            {
                return name[..^variant.Length];
            }
        }

        // -v1:0, and -v1:0:200k for a longer context.
        int colon = name.LastIndexOf(':');
        if (colon > 0 && IsDigits(name.AsSpan(colon + 1).TrimEnd('k')))
        {
            return name[..colon];
        }

        int head = HeadOf(name, _bedrockRegions);
        if (head == 0)
        {
            head = HeadOf(name, _bedrockVendors);
        }

        int version = name.LastIndexOf("-v", StringComparison.Ordinal);
        if (head > 0 && version > 0 && IsDigits(name.AsSpan(version + 2)))
        {
            return name[..version];
        }

        return head > 0 ? name[head..] : null;
    }

    /// <summary>The name without the last date, version number or "-latest"; null if it ends in none of them.</summary>
    public static string? WithoutLastVersion(string name)
    {
        const string Latest = "-latest";
        if (name.EndsWith(Latest, StringComparison.Ordinal))
        {
            return name[..^Latest.Length];
        }

        foreach (string shape in (ReadOnlySpan<string>)["-preview-##-##", "-####-##-##", "-########", "-##-####", "-####", "-###"])
        {
            if (EndsLike(name, shape))
            {
                return name[..^shape.Length];
            }
        }

        return null;
    }

    private static bool EndsLike(string name, string shape)
    {
        int start = name.Length - shape.Length;
        if (start <= 0)
        {
            return false;
        }

        for (int i = 0; i < shape.Length; i++)
        {
            char c = name[start + i];
            if (shape[i] == '#' ? !char.IsAsciiDigit(c) : c != shape[i])
            {
                return false;
            }
        }

        return true;
    }

    private static int HeadOf(string name, string[] heads)
    {
        foreach (string head in heads)
        {
            if (name.Length > head.Length && name.StartsWith(head, StringComparison.Ordinal))
            {
                return head.Length;
            }
        }

        return 0;
    }

    private static bool IsDigits(ReadOnlySpan<char> text) => text.Length > 0 && !text.ContainsAnyExceptInRange('0', '9');
}
