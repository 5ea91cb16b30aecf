using System.Globalization;
using System.Text.RegularExpressions;

namespace BudgetGuard.Configuration;

/// <summary>
/// Reads <c>d.hh:mm:ss</c>, <c>hh:mm:ss</c> and <c>10m</c>. What the framework would read otherwise than a person (<c>30</c> as 30 days, <c>24:00:00</c> as 24
/// days) is refused with what to write instead.
/// </summary>
internal static partial class DurationParser
{
    private const string Forms = "expected a duration such as '250ms', '30s', '10m', '24h', '1d', '00:10:00' or '1.00:00:00'";

    public static string? Parse(string text, out TimeSpan value)
    {
        value = default;
        if (ValueParsers.IsDigits(text))
        {
            return $"has no unit; write '{text}s', '{text}m', '{text}h' or '{text}d'";
        }

        if (text.StartsWith('-'))
        {
            return "is negative; " + Forms;
        }

        if (WithUnit().Match(text) is { Success: true } unit)
        {
            value = Span(long.Parse(unit.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture), unit.Groups[2].Value);
            return null;
        }

        if (TwoParts().Match(text) is { Success: true } parts)
        {
            (int first, int second) = (Number(parts.Groups[1]), Number(parts.Groups[2]));
            return $"is ambiguous; write '{new TimeSpan(0, first, second):c}' for minutes and seconds or '{new TimeSpan(first, second, 0):c}' for hours and minutes";
        }

        return Clock().Match(text) is { Success: true } clock ? ParseClock(clock, out value) : "is no duration; " + Forms;
    }

    private static TimeSpan Span(long count, string unit) => TimeSpan.FromTicks(count * unit switch
    {
        "ms" => TimeSpan.TicksPerMillisecond,
        "s" => TimeSpan.TicksPerSecond,
        "m" => TimeSpan.TicksPerMinute,
        "h" => TimeSpan.TicksPerHour,
        _ => TimeSpan.TicksPerDay,
    });

    private static string? ParseClock(Match clock, out TimeSpan value)
    {
        int days = Number(clock.Groups[1]);
        int hours = Number(clock.Groups[2]);
        int minutes = Number(clock.Groups[3]);
        int seconds = Number(clock.Groups[4]);
        value = default;
        if (hours > 23)
        {
            string meant = string.Create(CultureInfo.InvariantCulture, $"{days + (hours / 24)}.{hours % 24:00}:{minutes:00}:{seconds:00}");
            return $"has more than 23 hours; write '{meant}' or '{(days * 24) + hours}h'";
        }

        if (minutes > 59 || seconds > 59)
        {
            return "has more than 59 minutes or seconds; " + Forms;
        }

        int ticks = Number(clock.Groups[5].Value.PadRight(7, '0'));
        value = new TimeSpan(days, hours, minutes, seconds) + TimeSpan.FromTicks(ticks);
        return null;
    }

    private static int Number(Group group) => group.Success ? Number(group.ValueSpan) : 0;

    private static int Number(ReadOnlySpan<char> digits) => int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);

    // At most 6 digits: a million days still fits a TimeSpan.
    [GeneratedRegex(@"\A([0-9]{1,6})(ms|s|m|h|d)\z", RegexOptions.CultureInvariant)]
    private static partial Regex WithUnit();

    [GeneratedRegex(@"\A([0-9]{1,2}):([0-9]{2})\z", RegexOptions.CultureInvariant)]
    private static partial Regex TwoParts();

    [GeneratedRegex(@"\A(?:([0-9]{1,6})\.)?([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,7}))?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Clock();
}
