using Microsoft.Extensions.Options;

namespace BudgetGuard.Configuration;

/// <summary>Everything that is wrong with a configuration, one line each, so that a person repairs it in one go.</summary>
internal sealed class ProblemList(string sectionPath)
{
    private const int LongestShownValue = 100;

    private readonly List<string> _lines = [];
    private readonly HashSet<string> _blamed = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> _origins = new(StringComparer.OrdinalIgnoreCase);

    public IReadOnlyList<string> Lines => _lines;

    /// <summary>The full key of a setting, as it stands in the configuration.</summary>
    public string KeyOf(string relativeKey) => $"{sectionPath}:{relativeKey}";

    /// <summary>Says that a setting's value came from an environment variable, so that a later complaint names the variable as well.</summary>
    public void CameFrom(string relativeKey, string variable) => _origins[KeyOf(relativeKey)] = variable;

    public void Add(string key, string text)
    {
        Blame(key);
        string name = _origins.TryGetValue(key, out string? variable) ? $"{key} ({variable})" : key;
        string line = $"{name}: {text}";
        if (!_lines.Contains(line))
        {
            _lines.Add(line);
        }
    }

    public void AddValue(string key, string? value, string text) => Add(key, $"{Show(value)} {text}");

    /// <summary>Adds lines that are already complete.</summary>
    public void AddLines(IEnumerable<string> lines) => _lines.AddRange(lines);

    /// <summary>Marks a key as already complained about, so that one mistake is not reported twice by what follows from it.</summary>
    public void Blame(string key) => _blamed.Add(key);

    public bool IsBlamed(string key) => _blamed.Contains(key);

    public void ThrowIfAny()
    {
        if (_lines.Count > 0)
        {
            throw ToException(_lines);
        }
    }

    public static OptionsValidationException ToException(IReadOnlyList<string> lines) => new BudgetGuardConfigurationException(lines);

    public static string Describe(IEnumerable<string> lines) => string.Join('\n', lines.Select(line => "  " + line));

    /// <summary>A value in quotes, on one line and not too long: it may be anything that somebody put into a file.</summary>
    public static string Show(string? value)
    {
        if (value is null)
        {
            return "nothing";
        }

        string shown = value.Length > LongestShownValue ? value[..LongestShownValue] + "…" : value;
        return "'" + string.Concat(shown.Select(c => char.IsControl(c) ? '?' : c)) + "'";
    }
}
