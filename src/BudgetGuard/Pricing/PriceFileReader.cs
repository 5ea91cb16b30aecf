using System.Globalization;
using System.Text.Json;

namespace BudgetGuard.Pricing;

/// <summary>
/// Reads the price file's JSON with every check, and collects all problems so that a person repairs them in one go. It walks the document by hand:
/// that names the entry and field of each mistake, and needs no reflection.
/// </summary>
internal sealed class PriceFileReader
{
    private static readonly string[] _rootFields = ["version", "unit", "sources", "models"];

    private static readonly string[] _entryFields =
        ["provider", "model", "aliases", "prefixes", "contains", "suffixes", "patterns", "contextWindow", "maxOutputTokens", "free", "prices"];

    private readonly PriceProblems _problems = new();
    private readonly PricePeriodReader _periods;

    private readonly bool _isShipped;

    private PriceFileReader(bool isShipped)
    {
        _isShipped = isShipped;
        _periods = new PricePeriodReader(_problems, roundUp: isShipped);
    }

    /// <param name="json">The file.</param>
    /// <param name="isShipped">
    /// True for the library's own file: prices finer than a nano-dollar are rounded up rather than refused, and its patterns are known to be good.
    /// </param>
    public static PriceFileContent Read(ReadOnlyMemory<byte> json, bool isShipped)
    {
        PriceFileReader reader = new(isShipped);
        List<PriceEntry> entries = [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(
                WithoutMark(json),
                new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, AllowDuplicateProperties = false });
            reader.ReadRoot(document.RootElement, entries);
        }
        catch (JsonException exception)
        {
            reader._problems.Add("", $"is not valid JSON: {exception.Message}; expected an object with \"models\"");
        }

        return new PriceFileContent(entries, reader._problems.Errors, reader._problems.Warnings);
    }

    // An editor on Windows may put a byte order mark first, which is no JSON.
    private static ReadOnlyMemory<byte> WithoutMark(ReadOnlyMemory<byte> json) =>
        json.Span.StartsWith("\uFEFF"u8) ? json[3..] : json;

    private void ReadRoot(JsonElement root, List<PriceEntry> entries)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            _problems.Add("", "is not an object; expected an object with \"models\"");
            return;
        }

        _problems.RefuseUnknown(root, "", _rootFields);
        if (root.TryGetProperty("unit", out JsonElement unit)
            && (unit.ValueKind != JsonValueKind.String || !unit.GetString()!.StartsWith("USD per million tokens", StringComparison.OrdinalIgnoreCase)))
        {
            _problems.Add("unit", "is another unit; expected \"USD per million tokens\"");
        }

        if (!root.TryGetProperty("models", out JsonElement models) || models.ValueKind != JsonValueKind.Array)
        {
            _problems.Add("models", "is missing or no list; expected a list of models");
            return;
        }

        HashSet<PriceKey> seen = [];
        int index = 0;
        foreach (JsonElement model in models.EnumerateArray())
        {
            string where = string.Create(CultureInfo.InvariantCulture, $"models[{index++}]");
            if (ReadEntry(model, where) is not { } entry)
            {
                continue;
            }

            if (!seen.Add(entry.Key))
            {
                _problems.Add(where, $"names {entry.Price.Provider} {entry.Price.Model} a second time; expected one entry for each model");
            }

            entries.Add(entry);
        }
    }

    private PriceEntry? ReadEntry(JsonElement element, string where)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            _problems.Add(where, "is not an object; expected one with \"provider\", \"model\" and \"prices\"");
            return null;
        }

        string? provider = ReadName(element, where, "provider");
        string? model = ReadName(element, where, "model");
        if (provider is not null && model is not null)
        {
            where = $"{where} ({provider} {model})";
        }

        _problems.RefuseUnknown(element, where, _entryFields);
        bool isFree = ReadFlag(element, where, "free") || (model is not null && model.EndsWith(":free", StringComparison.OrdinalIgnoreCase));
        PricePeriod[]? periods = _periods.ReadAll(element, where, isFree);
        int? maxOutputTokens = ReadLimit(element, where, "maxOutputTokens");
        int? contextWindow = ReadLimit(element, where, "contextWindow");
        string[] aliases = ReadNames(element, where, "aliases");
        string[] prefixes = ReadNames(element, where, "prefixes");
        string[] contains = ReadNames(element, where, "contains");
        string[] suffixes = ReadNames(element, where, "suffixes");
        NamePattern[] patterns = ReadPatterns(element, where);
        if (provider is null || model is null || periods is null)
        {
            return null;
        }

        ModelPrice price = new(provider, model, periods, isFree) { MaxOutputTokens = maxOutputTokens, ContextWindow = contextWindow };
        return new PriceEntry(price) { Aliases = aliases, Prefixes = prefixes, Contains = contains, Suffixes = suffixes, Patterns = patterns };
    }

    private string? ReadName(JsonElement element, string where, string field)
    {
        if (element.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.String
            && value.GetString() is { } name && !string.IsNullOrWhiteSpace(name) && name.Length <= ModelSpellings.LongestName)
        {
            return name;
        }

        _problems.Add($"{where}.{field}", $"is missing or no name; expected a text of 1 to {ModelSpellings.LongestName} characters");
        return null;
    }

    private bool ReadFlag(JsonElement element, string where, string field)
    {
        if (!element.TryGetProperty(field, out JsonElement value))
        {
            return false;
        }

        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            _problems.Add($"{where}.{field}", $"is {PriceProblems.Show(value)}; expected true or false");
        }

        return value.ValueKind == JsonValueKind.True;
    }

    private int? ReadLimit(JsonElement element, string where, string field)
    {
        if (!element.TryGetProperty(field, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int limit) && limit > 0)
        {
            return limit;
        }

        _problems.Add($"{where}.{field}", $"is {PriceProblems.Show(value)}; expected a whole number of tokens above 0");
        return null;
    }

    private string[] ReadNames(JsonElement element, string where, string field)
    {
        List<string> texts = ReadTexts(element, where, field);
        return texts.ConvertAll(static text => text.ToLowerInvariant()).ToArray();
    }

    private NamePattern[] ReadPatterns(JsonElement element, string where)
    {
        List<NamePattern> patterns = ReadTexts(element, where, "patterns").ConvertAll(static text => new NamePattern(text));
        try
        {
            if (!_isShipped)
            {
                patterns.ForEach(static pattern => pattern.Check());
            }
        }
        catch (ArgumentException exception)
        {
            _problems.Add($"{where}.patterns", $"has one that is no regular expression: {exception.Message}");
        }

        return [.. patterns];
    }

    private List<string> ReadTexts(JsonElement element, string where, string field)
    {
        List<string> texts = [];
        if (!element.TryGetProperty(field, out JsonElement list))
        {
            return texts;
        }

        if (list.ValueKind != JsonValueKind.Array)
        {
            _problems.Add($"{where}.{field}", $"is {PriceProblems.Show(list)}; expected a list of texts");
            return texts;
        }

        foreach (JsonElement item in list.EnumerateArray())
        {
            if (item.ValueKind == JsonValueKind.String && item.GetString() is { Length: > 0 } text)
            {
                texts.Add(text);
            }
            else
            {
                _problems.Add($"{where}.{field}", $"has {PriceProblems.Show(item)}; expected texts that are not empty");
            }
        }

        return texts;
    }
}

/// <summary>What a price file says: its entries, and what is wrong or odd about it.</summary>
internal sealed record PriceFileContent(IReadOnlyList<PriceEntry> Entries, IReadOnlyList<string> Errors, IReadOnlyList<string> Warnings);
