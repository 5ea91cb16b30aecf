namespace BudgetGuard.Pricing;

/// <summary>Which model an entry is for. A class, because tables keyed by values must be compiled anew at each start.</summary>
internal sealed record PriceKey(string Provider, string Name);

/// <summary>A model of a price file: its price and the names it answers to, all in lower case.</summary>
internal sealed record PriceEntry(ModelPrice Price)
{
    public string ProviderKey { get; } = ProviderNames.Canonical(Price.Provider);

    public string NameKey { get; } = Price.Model.ToLowerInvariant();

    public PriceKey Key => new(ProviderKey, NameKey);

    public string[] Aliases { get; init; } = [];

    public string[] Prefixes { get; init; } = [];

    public string[] Contains { get; init; } = [];

    public string[] Suffixes { get; init; } = [];

    public NamePattern[] Patterns { get; init; } = [];

    public bool HasRules => Prefixes.Length + Contains.Length + Suffixes.Length + Patterns.Length > 0;

    /// <summary>This entry with the limits of another where it has none.</summary>
    public PriceEntry WithLimitsOf(PriceEntry other) => this with { Price = Price.WithLimitsOf(other.Price) };

    /// <summary>This entry in place of another for the same model: it answers to the other's names as well.</summary>
    public PriceEntry InPlaceOf(PriceEntry other) => this with
    {
        Aliases = [.. Aliases, .. other.Aliases],
        Prefixes = [.. Prefixes, .. other.Prefixes],
        Contains = [.. Contains, .. other.Contains],
        Suffixes = [.. Suffixes, .. other.Suffixes],
        Patterns = [.. Patterns, .. other.Patterns],
    };

    /// <summary>How much of a name one of the rules explains; 0 if none fits. A pattern explains more than a part of a name does.</summary>
    public int Matches(string name)
    {
        int best = 0;
        foreach (string prefix in Prefixes)
        {
            if (prefix.Length > best && name.StartsWith(prefix, StringComparison.Ordinal))
            {
                best = prefix.Length;
            }
        }

        foreach (string suffix in Suffixes)
        {
            if (suffix.Length > best && name.EndsWith(suffix, StringComparison.Ordinal))
            {
                best = suffix.Length;
            }
        }

        foreach (string part in Contains)
        {
            if (part.Length > best && name.Contains(part, StringComparison.Ordinal))
            {
                best = part.Length;
            }
        }

        foreach (NamePattern pattern in Patterns)
        {
            if (pattern.Fits(name))
            {
                return int.MaxValue;
            }
        }

        return best;
    }
}
