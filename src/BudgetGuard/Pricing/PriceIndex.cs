namespace BudgetGuard.Pricing;

/// <summary>Finds the entry of a price table that a model's name means. Immutable.</summary>
internal sealed class PriceIndex
{
    private readonly Dictionary<string, PriceEntry[]> _exact = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PriceEntry[]> _rulesByProvider = new(StringComparer.Ordinal);
    private readonly PriceEntry[] _rules;

    /// <param name="entries">Of two that fit a name equally well, the first wins.</param>
    public PriceIndex(IEnumerable<PriceEntry> entries)
    {
        List<PriceEntry> all = [.. entries];
        foreach (PriceEntry entry in all)
        {
            Add(entry.NameKey, entry);
            foreach (string alias in entry.Aliases)
            {
                Add(alias, entry);
            }
        }

        _rules = all.FindAll(static entry => entry.HasRules).ToArray();
        foreach (PriceEntry entry in _rules)
        {
            _rulesByProvider[entry.ProviderKey] = _rulesByProvider.TryGetValue(entry.ProviderKey, out PriceEntry[]? rules) ? [.. rules, entry] : [entry];
        }
    }

    /// <summary>The entries of the shipped file in the order of preference where a name does not say who serves it.</summary>
    public static List<PriceEntry> ByPreference(IEnumerable<PriceEntry> entries, DateTimeOffset now)
    {
        List<PriceEntry> sorted = [.. entries];
        sorted.Sort((left, right) =>
        {
            int order = ProviderNames.Rank(left.ProviderKey).CompareTo(ProviderNames.Rank(right.ProviderKey));
            order = order != 0 ? order : right.Price.DearnessAt(now).CompareTo(left.Price.DearnessAt(now));
            order = order != 0 ? order : string.CompareOrdinal(left.ProviderKey, right.ProviderKey);
            return order != 0 ? order : string.CompareOrdinal(left.NameKey, right.NameKey);
        });
        return sorted;
    }

    /// <summary>The entry with exactly this name at this provider, or null. An alias never takes the place of a model's own name.</summary>
    public PriceEntry? Exact(string provider, string name)
    {
        PriceEntry? alias = null;
        if (_exact.TryGetValue(name, out PriceEntry[]? entries))
        {
            foreach (PriceEntry entry in entries)
            {
                if (entry.ProviderKey == provider)
                {
                    if (entry.NameKey == name)
                    {
                        return entry;
                    }

                    alias ??= entry;
                }
            }
        }

        return alias;
    }

    /// <summary>The entry for a whole name alone, by exact name before rules, at the named hosts before others.</summary>
    public PriceEntry? FindWhole(ModelSpellings spellings)
    {
        string name = spellings.Full[0];
        foreach (string host in spellings.Hosts)
        {
            if (Exact(host, name) is { } entry)
            {
                return entry;
            }
        }

        return Exact(name) ?? Longest(_rules, name);
    }

    /// <summary>The entry that a name means by any of its spellings, or null.</summary>
    public PriceEntry? Find(ModelSpellings spellings)
    {
        PriceEntry? found = FindAt(spellings, spellings.Full) ?? FindAt(spellings, spellings.Loose);
        if (found is not null || spellings.FineTunedFrom is not null)
        {
            return found;
        }

        return FindByRule(spellings, spellings.Full) ?? FindByRule(spellings, spellings.Loose) ?? Exact(spellings.Full[0]);
    }

    private PriceEntry? FindAt(ModelSpellings spellings, IReadOnlyList<string> names)
    {
        foreach (string host in spellings.Hosts)
        {
            _rulesByProvider.TryGetValue(host, out PriceEntry[]? rules);
            foreach (string name in names)
            {
                if ((Exact(host, name) ?? Longest(rules, name)) is { } entry)
                {
                    return entry;
                }
            }
        }

        // The rules of other models must not price a fine-tuned one like its base.
        if (spellings.FineTunedFrom is not null)
        {
            return null;
        }

        if (spellings.Vendor is not null)
        {
            foreach (string name in names)
            {
                if (Exact(spellings.Vendor, name) is { } entry)
                {
                    return entry;
                }
            }
        }

        foreach (string name in names)
        {
            if (Exact(name) is { } entry && !IsCopy(entry, name))
            {
                return entry;
            }
        }

        return null;
    }

    // OpenRouter's own names have a slash; those without are copies of their makers' entries that lack some of their prices.
    private static bool IsCopy(PriceEntry entry, string name) => entry.ProviderKey == "openrouter" && !name.Contains('/', StringComparison.Ordinal);

    private PriceEntry? FindByRule(ModelSpellings spellings, IReadOnlyList<string> names)
    {
        if (spellings.Vendor is not null && _rulesByProvider.TryGetValue(spellings.Vendor, out PriceEntry[]? rules))
        {
            foreach (string name in names)
            {
                if (Longest(rules, name) is { } entry)
                {
                    return entry;
                }
            }
        }

        foreach (string name in names)
        {
            if (Longest(_rules, name) is { } entry)
            {
                return entry;
            }
        }

        return null;
    }

    private PriceEntry? Exact(string name) =>
        _exact.TryGetValue(name, out PriceEntry[]? entries) ? Exact(entries[0].ProviderKey, name) : null;

    private static PriceEntry? Longest(PriceEntry[]? rules, string name)
    {
        PriceEntry? best = null;
        int length = 0;
        foreach (PriceEntry entry in rules ?? [])
        {
            int matched = entry.Matches(name);
            if (matched > length)
            {
                (best, length) = (entry, matched);
            }
        }

        return best;
    }

    private void Add(string name, PriceEntry entry) =>
        _exact[name] = _exact.TryGetValue(name, out PriceEntry[]? entries) ? [.. entries, entry] : [entry];
}
