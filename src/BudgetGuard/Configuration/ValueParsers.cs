using System.Globalization;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Configuration;

/// <summary>Reads one text as a value; the answer is null, or what was wrong and what was expected.</summary>
internal delegate string? ValueParser<T>(string text, out T value);

/// <summary>
/// Parsers that take only what a person means: the framework's own read <c>30</c> as 30 days, <c>1,000</c> by the machine's culture, <c>7</c> as an enum value
/// and <c>0x10</c> as 16. None of them depends on the culture.
/// </summary>
internal static class ValueParsers
{
    private const string DecimalForm = "expected plain digits with an optional '.', not negative, for example '5.00'";

    private static readonly Dictionary<string, LogLevel> _pythonLevels = new(StringComparer.OrdinalIgnoreCase)
    {
        ["DEBUG"] = LogLevel.Debug,
        ["INFO"] = LogLevel.Information,
        ["WARN"] = LogLevel.Warning,
        ["WARNING"] = LogLevel.Warning,
        ["ERROR"] = LogLevel.Error,
        ["CRITICAL"] = LogLevel.Critical,
        ["FATAL"] = LogLevel.Critical,
    };

    public static string? Text(string text, out string value)
    {
        value = text;
        return text.AsSpan().Trim().IsEmpty ? "is empty; expected a text" : null;
    }

    /// <summary>As <see cref="Text"/>, but an empty text has a meaning of its own.</summary>
    public static string? TextOrEmpty(string text, out string value)
    {
        value = text;
        return null;
    }

    /// <summary>A time of day such as 08:00 or 17:30.</summary>
    public static string? TimeOfDay(string text, out TimeOnly value) =>
        TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out value)
            ? null
            : "is no time of day; expected hours and minutes such as '08:00'";

    public static string? Bool(string text, out bool value)
    {
        value = text.Equals("true", StringComparison.OrdinalIgnoreCase);
        return value || text.Equals("false", StringComparison.OrdinalIgnoreCase) ? null : "is not a truth value; expected true or false";
    }

    public static string? Int(string text, out int value)
    {
        string? wrong = Long(text, out long wide);
        value = wide is >= 0 and <= int.MaxValue ? (int)wide : 0;
        return wrong ?? (wide > int.MaxValue ? "is too large; expected at most 2147483647" : null);
    }

    public static string? Long(string text, out long value)
    {
        value = 0;
        if (!IsDigits(text))
        {
            return "is not a whole number; expected plain digits, not negative, for example '60'";
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value)
            ? null
            : "is too large; expected at most 9223372036854775807";
    }

    public static string? Decimal(string text, out decimal value)
    {
        value = 0;
        int point = text.IndexOf('.', StringComparison.Ordinal);
        bool plain = point < 0
            ? IsDigits(text)
            : IsDigits(text.AsSpan(0, point)) && IsDigits(text.AsSpan(point + 1));
        if (!plain)
        {
            return "is not a number; " + DecimalForm;
        }

        // 28 digits are what a decimal keeps exactly; more would be rounded without a word.
        return text.Length <= 28 && decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value)
            ? null
            : "has too many digits; " + DecimalForm;
    }

    public static string? Name<T>(string text, out T value)
        where T : struct, Enum
    {
        string[] names = Enum.GetNames<T>();
        int at = Array.FindIndex(names, name => name.Equals(text, StringComparison.OrdinalIgnoreCase));
        value = at < 0 ? default : Enum.Parse<T>(names[at]);
        return at >= 0 ? null : "is none of the known names; expected one of " + string.Join(", ", names);
    }

    /// <summary>The names of Python's logging and those of .NET.</summary>
    public static string? AnyLogLevel(string text, out LogLevel value) =>
        _pythonLevels.TryGetValue(text, out value) || Name(text, out value) is null
            ? null
            : "is no log level; expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL or " + string.Join(", ", Enum.GetNames<LogLevel>());

    internal static bool IsDigits(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExceptInRange('0', '9');
}
