namespace BudgetGuard.Pricing;

/// <summary>The names a model may have in the price file, made from the one name a request or an answer gives it.</summary>
internal sealed class ModelSpellings
{
    /// <summary>Longer names are no models; they must not fill memory or cost time.</summary>
    public const int LongestName = 256;

    private readonly List<string> _full = [];
    private readonly List<string> _loose = [];
    private readonly List<string> _hosts = [];

    private ModelSpellings()
    {
    }

    /// <summary>The whole name, and what is left of it without provider prefixes.</summary>
    public IReadOnlyList<string> Full => _full;

    /// <summary>The full ones without versions, dates and other suffixes, from longest to shortest.</summary>
    public IReadOnlyList<string> Loose => _loose;

    /// <summary>The providers that serve the model, by what is known best.</summary>
    public IReadOnlyList<string> Hosts => _hosts;

    /// <summary>Who made the model, if its name says so.</summary>
    public string? Vendor { get; private set; }

    /// <summary>The model a fine-tuned one is made from.</summary>
    public string? FineTunedFrom { get; private set; }

    /// <summary>True if the name ends in OpenRouter's <c>:free</c>.</summary>
    public bool IsMarkedFree { get; private set; }

    /// <summary>Null if the name cannot be a model's.</summary>
    public static ModelSpellings? Of(string model, string? provider)
    {
        if (model.Length > LongestName)
        {
            return null;
        }

        string name = model.Trim().ToLowerInvariant();
        if (name.Contains('%', StringComparison.Ordinal))
        {
            name = Uri.UnescapeDataString(name);
        }

        ModelSpellings spellings = new();
        if (provider is not null)
        {
            spellings.AddHost(ProviderNames.Canonical(provider));
        }

        return spellings.Read(name) ? spellings : null;
    }

    private bool Read(string name)
    {
        if (name.StartsWith("arn:", StringComparison.Ordinal))
        {
            // Only Amazon knows the model behind a profile that a customer named.
            if (name.Contains(":application-inference-profile/", StringComparison.Ordinal))
            {
                return false;
            }

            AddHost("aws");
            name = name[(name.LastIndexOf('/') + 1)..];
        }

        if (name.Length == 0)
        {
            return false;
        }

        IsMarkedFree = name.EndsWith(":free", StringComparison.Ordinal);
        AddFull(name);
        string rest = WithoutPrefixes(WithoutPath(name));
        ReadFineTune(rest);
        if (FineTunedFrom is null)
        {
            AddRespelled(rest);
        }

        foreach (string full in _full.ToArray())
        {
            Loosen(full);
        }

        return true;
    }

    private string WithoutPath(string name)
    {
        const string Models = "models/";
        if (name.StartsWith("@cf/", StringComparison.Ordinal))
        {
            AddHost("cloudflare");
        }

        if (name.StartsWith("accounts/fireworks/", StringComparison.Ordinal))
        {
            AddHost("fireworks");
        }

        int start = name.LastIndexOf("/" + Models, StringComparison.Ordinal) + 1;
        if (start == 0 && !name.StartsWith(Models, StringComparison.Ordinal))
        {
            return name;
        }

        if (start == 0 || name.Contains("publishers/", StringComparison.Ordinal))
        {
            AddHost("google");
        }

        string rest = name[(start + Models.Length)..];
        AddFull(rest);
        return rest;
    }

    private string WithoutPrefixes(string name)
    {
        // openrouter/openai/gpt-4o has two; a third is no spelling of a model.
        for (int i = 0; i < 3 && Vendor is null; i++)
        {
            int end = name.IndexOfAny(['/', ':']);
            if (end <= 0)
            {
                break;
            }

            string head = name[..end];
            if (ProviderNames.IsHost(head, out string host))
            {
                AddHost(host);
            }
            else if (ProviderNames.IsVendor(head, out string vendor))
            {
                Vendor = vendor;
            }
            else
            {
                break;
            }

            name = name[(end + 1)..];
            AddFull(name);
            int slash = name.IndexOf('/', StringComparison.Ordinal);
            if (slash > 0 && head is "azure" or "bedrock" && IsRegion(name[..slash]))
            {
                name = name[(slash + 1)..];
                AddFull(name);
            }
        }

        if (Suffixes.HasBedrockShape(name))
        {
            AddHost("aws");
        }

        return name;
    }

    private void ReadFineTune(string name)
    {
        if (name.StartsWith("ft:", StringComparison.Ordinal))
        {
            // ft:base:organisation:suffix:id, of which the suffix is mostly empty.
            FineTunedFrom = name.Split(':')[1];
            AddFull("ft:" + FineTunedFrom);
        }
        else if (name.IndexOf(".ft-", StringComparison.Ordinal) is > 0 and var azure)
        {
            FineTunedFrom = name[..azure];
        }

        if (FineTunedFrom is not null)
        {
            // Azure's rules know no fine-tuned models and would take them for their base.
            _hosts.Remove("azure");
            AddHost("openai");
        }
    }

    private void AddRespelled(string name)
    {
        int at = name.IndexOf('@', StringComparison.Ordinal);
        if (at > 0)
        {
            AddHost("google");
            AddFull(name[(at + 1)..] is "default" or "latest" ? name[..at] : name.Replace('@', '-'));
        }

        // Azure cannot have a dot in the names of its models.
        if (name.StartsWith("gpt-35-", StringComparison.Ordinal))
        {
            AddFull("gpt-3.5-" + name["gpt-35-".Length..]);
        }
    }

    private void Loosen(string name)
    {
        if (FineTunedFrom is null)
        {
            string? shorter;
            while ((shorter = Suffixes.WithoutLastOfRouterOrBedrock(name)) is not null)
            {
                name = shorter;
                AddLoose(name);
            }
        }

        for (int i = 0; i < 3 && Suffixes.WithoutLastVersion(name) is { } undated; i++)
        {
            name = undated;
            AddLoose(name);
        }

        ClaudeNames.AddSpellings(name, AddLoose);
    }

    private static bool IsRegion(string segment) => segment is "eu" or "us" or "global" || segment.Count('-') >= 2;

    private void AddHost(string host)
    {
        if (!_hosts.Contains(host))
        {
            _hosts.Add(host);
        }

        // Azure sells OpenAI's models at OpenAI's prices, so the file names few of them twice.
        if (host == "azure")
        {
            AddHost("openai");
        }
    }

    private void AddFull(string name)
    {
        if (name.Length > 0 && !_full.Contains(name))
        {
            _full.Add(name);
        }
    }

    private void AddLoose(string name)
    {
        if (name.Length > 0 && !_full.Contains(name) && !_loose.Contains(name))
        {
            _loose.Add(name);
        }
    }
}
