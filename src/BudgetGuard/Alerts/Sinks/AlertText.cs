using System.Globalization;
using System.Text;

namespace BudgetGuard.Alerts.Sinks;

/// <summary>Client text for where it is shown: on one line, of a bounded length, with the markup of the place escaped.</summary>
internal static class AlertText
{
    private const char Ellipsis = '…';

    /// <summary>How a character is written that means something where the text is shown; null for one that does not.</summary>
    public delegate string? Markup(Rune rune);

    /// <summary>Slack: https://docs.slack.dev/messaging/formatting-message-text says to escape these three, and nothing else.</summary>
    public static Markup Slack { get; } = static rune => rune.Value switch
    {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        _ => null,
    };

    /// <summary>
    /// Markdown, of Adaptive Cards as of Discord: every punctuation mark that begins or ends something is escaped. The colon is one of them because an address
    /// becomes a link by itself.
    /// </summary>
    public static Markup Markdown { get; } = static rune => rune.Value < 128 && @"\*_~`|[]()<>@#!+-:&".Contains((char)rune.Value) ? $"\\{(char)rune.Value}" : null;

    /// <summary>Text without markup.</summary>
    public static Markup None { get; } = static _ => null;

    /// <summary>
    /// The text on one line, of at most <paramref name="max"/> UTF-16 characters, markup included. Characters that move the cursor, turn the direction of
    /// writing or are none become spaces or U+FFFD: they are only there to deceive.
    /// </summary>
    public static string Line(string? text, int max, Markup? markup = null)
    {
        if (string.IsNullOrEmpty(text))
        {
            return string.Empty;
        }

        markup ??= None;
        var line = new StringBuilder(Math.Min(text.Length, max));
        int lastWhole = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            Rune shown = Shown(rune);
            string written = markup(shown) ?? shown.ToString();
            if (line.Length + written.Length > max)
            {
                line.Length = lastWhole;
                return line.Append(Ellipsis).ToString();
            }

            line.Append(written);
            if (line.Length <= max - 1)
            {
                lastWhole = line.Length;
            }
        }

        return line.ToString();
    }

    /// <summary>The text as it is, of at most <paramref name="max"/> characters and without half characters: for programs, which need no escaping.</summary>
    public static string Data(string text, int max)
    {
        var data = new StringBuilder(Math.Min(text.Length, max));
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (data.Length + rune.Utf16SequenceLength > max - 1 && text.Length > max)
            {
                return data.Append(Ellipsis).ToString();
            }

            data.Append(rune);
        }

        return data.ToString();
    }

    /// <summary>What stands for text that shows nothing: receivers refuse the whole message for it.</summary>
    public static string NotBlank(string line) => string.IsNullOrWhiteSpace(line) ? "-" : line;

    private static Rune Shown(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => new Rune(' '),

        // A zero width joiner holds emoji together.
        UnicodeCategory.Format when rune.Value != 0x200D => new Rune(' '),
        UnicodeCategory.OtherNotAssigned when IsNoCharacter(rune) => Rune.ReplacementChar,
        _ => rune,
    };

    /// <summary>Unicode promises to never make characters of these.</summary>
    private static bool IsNoCharacter(Rune rune) => (rune.Value & 0xFFFE) == 0xFFFE || rune.Value is >= 0xFDD0 and <= 0xFDEF;
}
