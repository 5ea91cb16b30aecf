using System.Collections.Concurrent;

namespace BudgetGuard.Pricing;

/// <summary>The shipped prices with a user's over them. Immutable but for what it remembers of names it was asked for.</summary>
internal sealed class PriceTable
{
    // Names come from clients: any number of them must cost a bounded amount of memory.
    private const int MostRemembered = 4096;

    private static readonly Lazy<IReadOnlyList<PriceEntry>> _shipped = new(ReadShipped);

    private readonly IReadOnlyList<PriceEntry> _user;
    private readonly PriceIndex? _userIndex;
    private readonly Lazy<PriceIndex> _index;
    private ConcurrentDictionary<NameKey, ModelPrice?> _known = new();
    private int _knownCount;

    /// <param name="user">The entries of the user's file.</param>
    /// <param name="now">Which price counts where hosts of one model are compared.</param>
    public PriceTable(IReadOnlyList<PriceEntry> user, DateTimeOffset now)
    {
        _user = user;
        _userIndex = user.Count == 0 ? null : new PriceIndex(user);
        _index = new Lazy<PriceIndex>(() => Merge(now));
    }

    /// <summary>The entries of the file that is part of the library.</summary>
    public static IReadOnlyList<PriceEntry> Shipped => _shipped.Value;

    /// <summary>How many names are remembered.</summary>
    public int Remembered => _known.Count;

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

        PriceEntry? entry = _userIndex?.FindWhole(spellings) ?? _index.Value.Find(spellings);
        if (spellings.IsMarkedFree && spellings.Hosts.Contains("openrouter") && entry?.NameKey.EndsWith(":free", StringComparison.Ordinal) != true)
        {
            // Only OpenRouter gives the suffix its meaning; elsewhere a client could make any model free with it.
            return new ModelPrice("openrouter", model, [], isFree: true);
        }

        if (entry is null && spellings.FineTunedFrom is { Length: > 0 } origin
            && !origin.StartsWith("ft:", StringComparison.Ordinal) && Resolve(origin, provider) is { } basis)
        {
            return basis.Times(FineTuneFactor(origin), "ft:" + basis.Model);
        }

        return entry is { Price.IsPriced: true } ? entry.Price : null;
    }

    // The highest of what OpenAI asks for a fine-tuned model against its base.
    private static int FineTuneFactor(string origin) =>
        origin.StartsWith("davinci", StringComparison.Ordinal) || origin.StartsWith("babbage", StringComparison.Ordinal)
            || origin.StartsWith("gpt-3.5", StringComparison.Ordinal) ? 6
        : origin.StartsWith('o') ? 4
        : 2;

    private PriceIndex Merge(DateTimeOffset now)
    {
        Dictionary<(string, string), PriceEntry> shipped = [];
        foreach (PriceEntry entry in Shipped)
        {
            shipped[(entry.ProviderKey, entry.NameKey)] = entry;
        }

        List<PriceEntry> all = new(_user.Count + shipped.Count);
        HashSet<PriceEntry> replaced = [];
        foreach (PriceEntry entry in _user)
        {
            if (shipped.TryGetValue((entry.ProviderKey, entry.NameKey), out PriceEntry? other))
            {
                replaced.Add(other);
            }

            all.Add(other is null ? entry : entry.InPlaceOf(other));
        }

        all.AddRange(PriceIndex.ByPreference(Shipped, now).Where(entry => !replaced.Contains(entry)));
        return new PriceIndex(all);
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
        PriceFileContent content = PriceFileReader.Read(json, roundUp: true);
        return content.Errors.Count == 0 ? content.Entries : throw new PriceFileException("BudgetGuard.prices.json", content.Errors);
    }
}
