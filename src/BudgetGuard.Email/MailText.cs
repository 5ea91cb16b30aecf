using System.Globalization;
using System.Text;

namespace BudgetGuard.Email;

/// <summary>Makes text from elsewhere safe to stand in one line of a mail.</summary>
internal static class MailText
{
    /// <summary>
    /// The text in one line, without control characters and such that turn the direction of what follows; what is longer than <paramref name="most"/>
    /// characters is cut.
    /// </summary>
    public static string Line(string? text, int most)
    {
        if (string.IsNullOrEmpty(text))
        {
            return string.Empty;
        }

        StringBuilder line = new(Math.Min(text.Length, most));
        bool isGap = false;

        // Half a surrogate pair comes as the replacement character.
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (TurnsDirection(rune.Value))
            {
                continue;
            }

            UnicodeCategory category = Rune.GetUnicodeCategory(rune);
            if (category is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            {
                isGap = true;
                continue;
            }

            bool needsSpace = isGap && line.Length > 0 && line[^1] != ' ';
            isGap = false;
            if (line.Length + (needsSpace ? 1 : 0) + rune.Utf16SequenceLength > most)
            {
                return line.Append('…').ToString();
            }

            if (needsSpace)
            {
                line.Append(' ');
            }

            line.Append(rune);
        }

        return line.ToString();
    }

    private static bool TurnsDirection(int value) =>
        value is 0x061C or 0x200E or 0x200F or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069);
}
