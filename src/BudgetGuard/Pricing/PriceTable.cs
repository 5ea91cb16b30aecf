using System.Collections.Concurrent;

namespace BudgetGuard.Pricing;

/// <summary>The shipped prices with a user's over them. Immutable but for what it remembers of names it was asked for.</summary>
internal sealed class PriceTable
{
    // Names come from clients: any number of them must cost a bounded amount of memory.
    private const int MostRemembered = 4096;

    private static readonly Lazy<IReadOnlyList<PriceEntry>> _shipped = new(ReadShipped);

    private readonly Lazy<(PriceIndex User, PriceIndex All)> _indexes;
    private ConcurrentDictionary<NameKey, ModelPrice?> _known = new();
    private int _knownCount;

    /// <param name="user">The entries of the user's file.</param>
    /// <param name="now">Which price counts where hosts of one model are compared.</param>
    public PriceTable(IReadOnlyList<PriceEntry> user, DateTimeOffset now) =>
        _indexes = new Lazy<(PriceIndex User, PriceIndex All)>(() => Merge(user, now));

    /// <summary>The entries of the file that is part of the library.</summary>
    public static IReadOnlyList<PriceEntry> Shipped => _shipped.Value;

    /// <summary>How many names are remembered.</summary>
    public int Remembered => _known.Count;

    /// <summary>Builds what the first search would build, so that no request waits for it.</summary>
    public void WarmUp() => _ = _indexes.Value;

    public ModelPrice? Find(string model, string? provider)
    {
        NameKey key = new(model, provider);
        if (_known.TryGetValue(key, out ModelPrice? price))
        {
            return price;
        }

        if (model.Length > ModelSpellings.LongestName || provider?.Length > ModelSpellings.LongestName)
        {
            return null;
        }

        price = Resolve(model, provider);
        Remember(key, price);
        return price;
    }

    private ModelPrice? Resolve(string model, string? provider)
    {
        if (ModelSpellings.Of(model, provider) is not { } spellings)
        {
            return null;
        }

        (PriceIndex user, PriceIndex all) = _indexes.Value;
        PriceEntry? entry = user.FindWhole(spellings) ?? all.Find(spellings);
        if (spellings.IsMarkedFree && provider is not null && ProviderNames.Canonical(provider) == "openrouter"
            && entry?.NameKey.EndsWith(":free", StringComparison.Ordinal) != true)
        {
            // Only OpenRouter gives the suffix its meaning; elsewhere a client could make any model free with it, or with OpenRouter's prefix.
            return new ModelPrice("openrouter", model, [], isFree: true);
        }

        if (entry is null && spellings.FineTunedFrom is { Length: > 0 } origin
            && !origin.StartsWith("ft:", StringComparison.Ordinal) && Resolve(origin, provider) is { } basis)
        {
            return basis.Times(FineTuneFactor(origin), "ft:" + basis.Model);
        }

        return entry?.Price;
    }

    // The highest of what OpenAI asks for a fine-tuned model against its base.
    private static int FineTuneFactor(string origin) =>
        origin.StartsWith("davinci", StringComparison.Ordinal) || origin.StartsWith("babbage", StringComparison.Ordinal)
            || origin.StartsWith("gpt-3.5", StringComparison.Ordinal) ? 6
        : origin.StartsWith('o') ? 4
        : 2;

    private static (PriceIndex User, PriceIndex All) Merge(IReadOnlyList<PriceEntry> user, DateTimeOffset now)
    {
        Dictionary<PriceKey, PriceEntry> shipped = [];
        foreach (PriceEntry entry in Shipped)
        {
            shipped[entry.Key] = entry;
        }

        // The user's own names come before all others; those taken over from a replaced entry have its place only.
        List<PriceEntry> own = new(user.Count);
        List<PriceEntry> all = new(user.Count + shipped.Count);
        foreach (PriceEntry entry in user)
        {
            PriceEntry? replaced = shipped.GetValueOrDefault(entry.Key);
            PriceEntry complete = replaced is null ? entry : entry.WithLimitsOf(replaced);
            own.Add(complete);
            all.Add(replaced is null ? complete : complete.InPlaceOf(replaced));
            shipped.Remove(entry.Key);
        }

        all.AddRange(PriceIndex.ByPreference(Shipped.Where(entry => shipped.ContainsKey(entry.Key)), now));
        return (new PriceIndex(own), new PriceIndex(all));
    }

    private void Remember(NameKey key, ModelPrice? price)
    {
        if (Interlocked.Increment(ref _knownCount) > MostRemembered)
        {
            // Starting anew rather than refusing: whoever floods it with made-up names must not shut out the real ones.
            Volatile.Write(ref _knownCount, 1);
            _known = new ConcurrentDictionary<NameKey, ModelPrice?>();
        }

        _known.TryAdd(key, price);
    }

    private static IReadOnlyList<PriceEntry> ReadShipped()
    {
        using Stream stream = typeof(PriceTable).Assembly.GetManifestResourceStream("BudgetGuard.prices.json")
            ?? throw new InvalidOperationException("The library lacks its price file.");
        byte[] json = new byte[stream.Length];
        stream.ReadExactly(json);
        PriceFileContent content = PriceFileReader.Read(json, isShipped: true);
        return content.Errors.Count == 0 ? content.Entries : throw new PriceFileException("BudgetGuard.prices.json", content.Errors);
    }
}
