using System.Text;

namespace BudgetGuard.Estimation;

/// <summary>
/// Reads the head of a part of a form. Servers differ in what they make of an odd head, so one that has more than one reading has none here:
/// escapes, folded lines, encoded names, extended parameters, two names.
/// </summary>
internal static class FormPart
{
    private static ReadOnlySpan<byte> White => " \t"u8;

    /// <summary>Reads the lines of a head, without the empty one that ends it.</summary>
    /// <param name="head">The lines.</param>
    /// <param name="name">The name of the field.</param>
    /// <param name="isFile">True if the part has a file name.</param>
    public static bool TryRead(ReadOnlySpan<byte> head, out ReadOnlySpan<byte> name, out bool isFile)
    {
        name = [];
        isFile = false;
        var isFound = false;
        while (true)
        {
            var end = head.IndexOf("\r\n"u8);
            var line = end < 0 ? head : head[..end];
            var colon = line.IndexOf((byte)':');
            if (colon <= 0 || line.ContainsAnyInRange((byte)0, (byte)8) || line.ContainsAnyInRange((byte)10, (byte)31) || line[..colon].ContainsAny(White))
            {
                return false;
            }

            var value = line[(colon + 1)..].Trim(White);
            if (Ascii.EqualsIgnoreCase(line[..colon], "content-disposition"u8))
            {
                if (isFound || !TryReadDisposition(value, out name, out isFile))
                {
                    return false;
                }

                isFound = true;
            }
            else if (Ascii.EqualsIgnoreCase(line[..colon], "content-transfer-encoding"u8) && !IsPlain(value))
            {
                return false;
            }

            if (end < 0)
            {
                return isFound;
            }

            head = head[(end + 2)..];
        }
    }

    private static bool IsPlain(ReadOnlySpan<byte> encoding) =>
        Ascii.EqualsIgnoreCase(encoding, "binary"u8) || Ascii.EqualsIgnoreCase(encoding, "8bit"u8) || Ascii.EqualsIgnoreCase(encoding, "7bit"u8);

    private static bool TryReadDisposition(ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> name, out bool isFile)
    {
        name = [];
        isFile = false;
        var semicolon = rest.IndexOf((byte)';');
        if (semicolon < 0 || !Ascii.EqualsIgnoreCase(rest[..semicolon].TrimEnd(White), "form-data"u8))
        {
            return false;
        }

        rest = rest[semicolon..];
        while (!rest.IsEmpty)
        {
            rest = rest[1..].TrimStart(White);
            var equals = rest.IndexOf((byte)'=');
            if (equals < 0)
            {
                // A semicolon may stand behind the last parameter.
                return rest.IsEmpty && !name.IsEmpty;
            }

            var parameter = rest[..equals].TrimEnd(White);
            if (!TryReadValue(rest[(equals + 1)..].TrimStart(White), out var value, out rest))
            {
                return false;
            }

            if (Ascii.EqualsIgnoreCase(parameter, "name"u8))
            {
                if (!name.IsEmpty || !IsName(value))
                {
                    return false;
                }

                name = value;
            }
            else if (Ascii.EqualsIgnoreCase(parameter, "filename"u8) || Ascii.EqualsIgnoreCase(parameter, "filename*"u8))
            {
                isFile = true;
            }
            else
            {
                // No API has a use for others; name* is read as a name by some.
                return false;
            }
        }

        return !name.IsEmpty;
    }

    /// <summary>Reads a quoted or plain value; what follows it is nothing or begins with a semicolon.</summary>
    private static bool TryReadValue(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> value, out ReadOnlySpan<byte> rest)
    {
        if (text.StartsWith("\""u8))
        {
            var quote = text[1..].IndexOf((byte)'"');
            value = quote < 0 ? [] : text.Slice(1, quote);
            rest = quote < 0 ? [] : text[(quote + 2)..].TrimStart(White);

            // Whether a backslash keeps a quote from ending the value is what servers do not agree on.
            return quote >= 0 && !value.EndsWith("\\"u8) && (rest.IsEmpty || rest[0] == (byte)';');
        }

        var end = text.IndexOf((byte)';');
        value = (end < 0 ? text : text[..end]).TrimEnd(White);
        rest = end < 0 ? [] : text[end..];
        return !value.IsEmpty && !value.ContainsAny(" \t\"\\="u8);
    }

    private static bool IsName(ReadOnlySpan<byte> name)
    {
        foreach (var letter in name)
        {
            if (!char.IsAsciiLetterOrDigit((char)letter) && letter is not ((byte)'_' or (byte)'-' or (byte)'.' or (byte)'[' or (byte)']'))
            {
                return false;
            }
        }

        return !name.IsEmpty;
    }
}
