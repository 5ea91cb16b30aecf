using System.Globalization;
using System.Text.RegularExpressions;

namespace BudgetGuard.Gateway.Settings;

/// <summary>
/// Reads values of a section one by one and keeps every problem, because the binder stops at the first and takes much for granted (<c>30</c> is 30 days to it).
/// </summary>
internal sealed partial class SectionReader(List<string> problems)
{
    /// <summary>Tells of every key that nobody reads. Keys that start with <c>_</c> or <c>$</c> are comments.</summary>
    public void CheckKeys(IConfigurationSection section, params ReadOnlySpan<string> known)
    {
        if (section.Value is { Length: > 0 })
        {
            problems.Add($"{section.Path}: has a value, but holds settings; expected {string.Join(", ", known)} under it");
        }

        foreach (IConfigurationSection child in section.GetChildren())
        {
            if (child.Key is not ['_' or '$', ..] && !Contains(known, child.Key))
            {
                problems.Add($"{child.Path}: unknown key; expected one of {string.Join(", ", known)}");
            }
        }
    }

    /// <summary>A text; null where it is missing or empty.</summary>
    public string? Text(IConfigurationSection section, string key)
    {
        IConfigurationSection found = section.GetSection(key);
        if (found.GetChildren().Any())
        {
            problems.Add($"{found.Path}: holds settings; expected one value");
            return null;
        }

        return string.IsNullOrWhiteSpace(found.Value) ? null : found.Value.Trim();
    }

    /// <summary>A secret: it goes into a header as it is, and no message ever shows it.</summary>
    public string? Secret(IConfigurationSection section, string key)
    {
        string? text = Text(section, key);
        if (text is null || text.AsSpan().IndexOfAnyExceptInRange('!', '~') < 0)
        {
            return text;
        }

        problems.Add($"{section.Path}:{key}: has characters that no key has; expected visible ASCII without spaces");
        return null;
    }

    public int? Count(IConfigurationSection section, string key, int least, int most)
    {
        string? text = Text(section, key);
        if (text is null)
        {
            return null;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= least && count <= most)
        {
            return count;
        }

        problems.Add($"{section.Path}:{key}: '{text}' is no such number; expected {least} to {most}");
        return null;
    }

    public TimeSpan? Duration(IConfigurationSection section, string key)
    {
        string? text = Text(section, key);
        if (text is null)
        {
            return null;
        }

        if (TryParse(text, out TimeSpan value) && value > TimeSpan.Zero && value <= TimeSpan.FromDays(1))
        {
            return value;
        }

        problems.Add($"{section.Path}:{key}: '{text}' is no such duration; expected one up to a day, as '500ms', '30s', '10m', '1h' or '00:10:00'");
        return null;
    }

    private static bool Contains(ReadOnlySpan<string> known, string key)
    {
        foreach (string name in known)
        {
            if (string.Equals(name, key, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryParse(string text, out TimeSpan value)
    {
        if (WithUnit().Match(text) is not { Success: true } match)
        {
            return TimeSpan.TryParseExact(text, @"hh\:mm\:ss", CultureInfo.InvariantCulture, out value);
        }

        long count = long.Parse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
        value = TimeSpan.FromTicks(count * match.Groups[2].Value switch
        {
            "ms" => TimeSpan.TicksPerMillisecond,
            "s" => TimeSpan.TicksPerSecond,
            "m" => TimeSpan.TicksPerMinute,
            _ => TimeSpan.TicksPerHour,
        });
        return true;
    }

    [GeneratedRegex(@"\A([0-9]{1,8})(ms|s|m|h)\z", RegexOptions.CultureInvariant)]
    private static partial Regex WithUnit();
}
