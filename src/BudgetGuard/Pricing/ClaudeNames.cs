using System.Globalization;

namespace BudgetGuard.Pricing;

/// <summary>The many orders in which providers write one Claude model: <c>claude-sonnet-4-5</c>, <c>claude-sonnet-4.5</c>, <c>claude-4.5-sonnet</c>.</summary>
internal static class ClaudeNames
{
    private const string Start = "claude-";

    /// <summary>Adds all spellings of a model; nothing if the name has parts that are neither family nor version.</summary>
    /// <param name="name">In lower case, without provider, date and other suffixes.</param>
    /// <param name="add">Takes each spelling.</param>
    public static void AddSpellings(string name, Action<string> add)
    {
        if (!name.StartsWith(Start, StringComparison.Ordinal))
        {
            return;
        }

        string? family = null;
        List<int> version = [];
        foreach (string part in name[Start.Length..].Split('-', '.'))
        {
            if (part.Length is 1 or 2 && int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && version.Count < 2)
            {
                version.Add(number);
            }
            else if (family is null && part is "opus" or "sonnet" or "haiku" or "fable" or "mythos" or "instant")
            {
                family = part;
            }
            else
            {
                return;
            }
        }

        if (family is null || version.Count == 0)
        {
            return;
        }

        int minor = version.Count == 2 ? version[1] : 0;
        if (minor == 0)
        {
            AddOrders(family, version[0].ToString(CultureInfo.InvariantCulture), add);
        }

        AddOrders(family, string.Create(CultureInfo.InvariantCulture, $"{version[0]}-{minor}"), add);
        AddOrders(family, string.Create(CultureInfo.InvariantCulture, $"{version[0]}.{minor}"), add);
    }

    private static void AddOrders(string family, string version, Action<string> add)
    {
        add($"{Start}{family}-{version}");
        add($"{Start}{version}-{family}");
        add($"anthropic/{Start}{family}-{version}");
    }
}
