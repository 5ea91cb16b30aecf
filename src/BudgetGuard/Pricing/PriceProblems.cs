using System.Text.Json;

namespace BudgetGuard.Pricing;

/// <summary>What is wrong (errors) or odd (warnings) about a price file.</summary>
internal sealed class PriceProblems
{
    private const int LongestShown = 60;

    private readonly List<string> _errors = [];
    private readonly List<string> _warnings = [];

    public IReadOnlyList<string> Errors => _errors;

    public IReadOnlyList<string> Warnings => _warnings;

    public void Add(string where, string text) => _errors.Add(Line(where, text));

    public void Warn(string where, string text) => _warnings.Add(Line(where, text));

    /// <summary>A misspelt field would silently not be charged. Names that start with '$' or '_' are for people.</summary>
    public void RefuseUnknown(JsonElement element, string where, params ReadOnlySpan<string[]> known)
    {
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (!IsKnown(property.Name, known))
            {
                string all = string.Join(", ", string.Join(", ", known[0]), known.Length > 1 ? string.Join(", ", known[1]) : "").TrimEnd(',', ' ');
                string name = property.Name.Length > LongestShown ? property.Name[..LongestShown] + "…" : property.Name;
                Add(where.Length == 0 ? name : $"{where}.{name}", $"is not a known field; expected one of {all}");
            }
        }
    }

    /// <summary>A value on one line and not too long: it may be anything that somebody put into a file.</summary>
    public static string Show(JsonElement value)
    {
        string raw = value.GetRawText().ReplaceLineEndings(" ");
        return raw.Length > LongestShown ? raw[..LongestShown] + "…" : raw;
    }

    private static bool IsKnown(string name, ReadOnlySpan<string[]> known)
    {
        if (name.StartsWith('$') || name.StartsWith('_'))
        {
            return true;
        }

        foreach (string[] names in known)
        {
            if (Array.IndexOf(names, name) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    private static string Line(string where, string text) => where.Length == 0 ? $"it {text}" : $"{where} {text}";
}
