using Microsoft.Extensions.Configuration;

namespace BudgetGuard.Configuration;

/// <summary>
/// Walks the section and fills the options. Not the framework's binder: that one stops at the first mistake, ignores unknown keys, appends to lists that have a
/// default, and reads some values otherwise than a person does.
/// </summary>
internal sealed class SectionReader(IConfigurationSection section, IConfiguration? root, ProblemList problems, IReadOnlySet<string> stores)
{
    private const int NotAnIndex = -1;

    /// <summary>Reads everything there is into the options; what is not set keeps its value.</summary>
    public void ReadInto(BudgetGuardOptions options) => ReadObject(section.Path, options, KnownKeys.Guard, KnownKeys.Stores);

    public void ReadObject<T>(string path, T target, IReadOnlyList<KnownKey<T>> keys) => ReadObject(path, target, keys, []);

    private void ReadObject<T>(string path, T target, IReadOnlyList<KnownKey<T>> keys, IReadOnlyList<string> others)
    {
        IConfigurationSection at = At(path);
        if (at.Value is not null)
        {
            AddSingleValue(path, at.Value, "is a single value; expected keys: " + string.Join(", ", keys.Select(key => key.Name)));
        }

        foreach (IConfigurationSection child in at.GetChildren())
        {
            if (IsComment(child.Key))
            {
                continue;
            }

            if (keys.FirstOrDefault(key => key.Name.Equals(child.Key, StringComparison.OrdinalIgnoreCase)) is { } known)
            {
                known.Read(this, child.Path, target);
            }
            else if (others.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
            {
                // Read by the store itself; without it, somebody believes that budgets are kept which are not.
                if (!stores.Contains(child.Key))
                {
                    problems.Add(child.Path, $"is of a store that is not in use; expected a call of Use{child.Key}, or no such key");
                }
            }
            else
            {
                Unknown(path, child, keys.Select(key => key.Name));
            }
        }
    }

    public void ReadValue<TValue>(string path, ValueParser<TValue> parse, Action<TValue> set)
    {
        IConfigurationSection at = At(path);
        if (at.GetChildren().Any())
        {
            problems.Add(path, "has keys or entries of its own; expected a single value");
        }
        else if (at.Value is { } text)
        {
            ParseInto(path, text, parse, set);
        }
    }

    /// <summary>Reads a list: entries by index, or one comma-separated text, as an environment variable has it. An empty text clears the list.</summary>
    public void ReadList<TValue>(string path, ValueParser<TValue> parse, Action<IList<TValue>> set)
    {
        IConfigurationSection at = At(path);
        List<TValue> values = [];
        if (TextOf(at) is { } text)
        {
            ReadCommaSeparated(path, text, parse, values, problems);
        }
        else if (at.GetChildren().ToList() is { Count: > 0 } entries)
        {
            foreach (IConfigurationSection entry in entries.Where(IsEntry))
            {
                if (entry.Value is null || entry.GetChildren().Any())
                {
                    problems.Add(entry.Path, "is no single value; expected a list of values");
                }
                else
                {
                    ParseInto(entry.Path, entry.Value, parse, values.Add);
                }
            }
        }
        else
        {
            return;
        }

        set(values);
    }

    public void ReadObjects<T>(string path, IReadOnlyList<KnownKey<T>> keys, Action<IList<T>> set)
        where T : new()
    {
        IConfigurationSection at = At(path);
        string? text = TextOf(at);
        if (text is null && !at.GetChildren().Any())
        {
            return;
        }

        List<T> values = [];
        if (!string.IsNullOrEmpty(text))
        {
            problems.AddValue(path, text, "is a single value; expected a list of objects");
        }
        else if (text is null)
        {
            foreach (IConfigurationSection entry in at.GetChildren().Where(IsEntry))
            {
                T value = new();
                ReadObject(entry.Path, value, keys);
                values.Add(value);
            }
        }

        set(values);
    }

    public void ReadMap<T>(string path, IDictionary<string, T> map, IReadOnlyList<KnownKey<T>> keys)
        where T : new()
    {
        IConfigurationSection at = At(path);
        if (at.Value is not null)
        {
            AddSingleValue(path, at.Value, "is a single value; expected objects by name");
        }

        foreach (IConfigurationSection child in at.GetChildren())
        {
            // A whole object behind a comment sign would be a budget that silently does not count.
            if (IsComment(child.Key) && child.GetChildren().Any())
            {
                problems.Add(child.Path, "a key that starts with '_' or '$' is a comment; a name must start with a letter or digit");
            }
            else if (!IsComment(child.Key))
            {
                T value = new();
                ReadObject(child.Path, value, keys);
                map[child.Key] = value;
            }
        }
    }

    /// <summary>Reads a comma-separated text, entries trimmed; only an empty text is an empty list.</summary>
    public static void ReadCommaSeparated<TValue>(string path, string text, ValueParser<TValue> parse, List<TValue> values, ProblemList problems)
    {
        if (text.AsSpan().Trim().IsEmpty)
        {
            return;
        }

        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (parse(part, out TValue value) is { } wrong)
            {
                problems.Add(path, $"the entry {ProblemList.Show(part)} of {ProblemList.Show(text)} {wrong}");
            }
            else
            {
                values.Add(value);
            }
        }
    }

    private static bool IsComment(string key) => key.StartsWith('_') || key.StartsWith('$');

    private IConfigurationSection At(string path) =>
        path.Length == section.Path.Length ? section : section.GetSection(path[(section.Path.Length + 1)..]);

    private void ParseInto<TValue>(string path, string text, ValueParser<TValue> parse, Action<TValue> set)
    {
        if (parse(text, out TValue value) is { } wrong)
        {
            problems.AddValue(path, text, wrong);
        }
        else
        {
            set(value);
        }
    }

    /// <summary>Where a sink is expected people put its address, which is a secret.</summary>
    private void AddSingleValue(string path, string value, string text)
    {
        if (path.Contains(":Alerts", StringComparison.OrdinalIgnoreCase))
        {
            problems.Add(path, text);
        }
        else
        {
            problems.AddValue(path, value, text);
        }
    }

    private void Unknown(string path, IConfigurationSection child, IEnumerable<string> known)
    {
        string? nearest = NearestName.Of(child.Key, known);
        problems.Add(child.Path, "unknown key" + NearestName.Hint(nearest));
        if (nearest is not null)
        {
            problems.Blame($"{path}:{nearest}");
        }
    }

    private bool IsEntry(IConfigurationSection entry)
    {
        int index = ValueParsers.Int(entry.Key, out int parsed) is null ? parsed : NotAnIndex;
        if (index == NotAnIndex && !IsComment(entry.Key))
        {
            problems.Add(entry.Path, "unknown key; expected a list, whose keys are 0, 1, 2, …");
        }

        return index != NotAnIndex;
    }

    /// <summary>The text of a list, or null if its entries count (or nothing is set).</summary>
    private string? TextOf(IConfigurationSection at)
    {
        if (at.Value is null || !at.GetChildren().Any())
        {
            return at.Value;
        }

        // One layer wrote a text (or an empty array, which is an empty text), another one entries: the later layer is meant.
        foreach (IConfigurationProvider provider in (root as IConfigurationRoot)?.Providers.Reverse() ?? [])
        {
            if (provider.TryGet(at.Path, out string? text) && text is not null)
            {
                return text;
            }

            if (provider.GetChildKeys([], at.Path).Any())
            {
                return null;
            }
        }

        return at.Value.Length == 0 ? null : at.Value;
    }
}
