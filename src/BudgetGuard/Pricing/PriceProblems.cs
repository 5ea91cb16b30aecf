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

    /// <summary>A misspelt field would silently not be charged.</summary>
    public void RefuseUnknown(JsonElement element, string where, string[] known)
    {
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (!IsKnown(property.Name, known))
            {
                AddUnknown(where, property.Name, known);
            }
        }
    }

    public void AddUnknown(string where, string field, string[] known)
    {
        string shown = field.Length > LongestShown ? field[..LongestShown] + "…" : field;
        Add(where.Length == 0 ? shown : $"{where}.{shown}", $"is not a known field; expected one of {string.Join(", ", known)}");
    }

    /// <summary>Names that start with '$' or '_' are for people.</summary>
    public static bool IsKnown(string name, string[] known) => name.StartsWith('$') || name.StartsWith('_') || Array.IndexOf(known, name) >= 0;

    /// <summary>A value on one line and not too long: it may be anything that somebody put into a file.</summary>
    public static string Show(JsonElement value)
    {
        string raw = value.GetRawText().ReplaceLineEndings(" ");
        return raw.Length > LongestShown ? raw[..LongestShown] + "…" : raw;
    }

    private static string Line(string where, string text) => where.Length == 0 ? $"it {text}" : $"{where} {text}";
}
