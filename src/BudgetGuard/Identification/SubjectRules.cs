using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Identification;

/// <summary>
/// What an identity may look like. It becomes part of account keys, logs and alerts, so what cannot be shown or is too long is refused, not repaired.
/// </summary>
internal static class SubjectRules
{
    public const int MaxLength = 256;

    /// <summary>Checks a subject; a blank user becomes anonymous.</summary>
    /// <exception cref="BadHttpRequestException">400: an id is too long or has characters that cannot be shown.</exception>
    public static void Check(ref BudgetSubject subject)
    {
        if (string.IsNullOrWhiteSpace(subject.User))
        {
            subject = subject with { User = BudgetSubject.AnonymousUser };
        }

        Check("user", subject.User);
        Check("team", subject.Team);
        Check("API key id", subject.ApiKeyId);
        if (subject.Tags is { } tags)
        {
            foreach ((string name, string value) in tags)
            {
                Check(name, value);
            }
        }
    }

    public static bool IsShowable(ReadOnlySpan<char> text)
    {
        if (text.IndexOfAnyExceptInRange(' ', '~') < 0)
        {
            return true;
        }

        while (!text.IsEmpty)
        {
            // A lone surrogate decodes to the replacement character with a failing status.
            if (Rune.DecodeFromUtf16(text, out Rune rune, out int consumed) != System.Buffers.OperationStatus.Done)
            {
                return false;
            }

            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            {
                return false;
            }

            text = text[consumed..];
        }

        return true;
    }

    public static void Check(string what, string? id)
    {
        if (id is null)
        {
            return;
        }

        if (id.Length > MaxLength)
        {
            throw new BadHttpRequestException($"The {what} is longer than {MaxLength} characters.");
        }

        if (!IsShowable(id))
        {
            throw new BadHttpRequestException($"The {what} has control or format characters.");
        }
    }
}
