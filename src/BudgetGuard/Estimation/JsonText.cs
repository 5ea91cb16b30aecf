using System.Buffers;
using System.Buffers.Text;
using System.Globalization;

namespace BudgetGuard.Estimation;

/// <summary>Measures and reads JSON strings without making strings of them.</summary>
internal static class JsonText
{
    /// <summary>The UTF-8 length of a raw JSON string after unescaping.</summary>
    public static long UnescapedLength(ReadOnlySpan<byte> raw)
    {
        long length = raw.Length;
        int at;
        while ((at = raw.IndexOf((byte)'\\')) >= 0)
        {
            raw = raw[at..];
            if (raw.Length >= 6 && raw[1] == 'u' && Utf8Parser.TryParse(raw.Slice(2, 4), out ushort unit, out _, 'x'))
            {
                var pair = char.IsHighSurrogate((char)unit) && raw.Length >= 12 && raw[6] == '\\' && raw[7] == 'u'
                    && Utf8Parser.TryParse(raw.Slice(8, 4), out ushort low, out _, 'x') && char.IsLowSurrogate((char)low);
                length -= pair ? 8 : unit < 0x80 ? 5 : unit < 0x800 ? 4 : 3;
                raw = raw[(pair ? 12 : 6)..];
            }
            else
            {
                length--;
                raw = raw[Math.Min(2, raw.Length)..];
            }
        }

        return length;
    }

    /// <summary>
    /// How many bytes of a raw JSON string, its opening quote left out, are whole: up to its closing quote, else up to an escape that goes on behind the
    /// end. -1 if it is no JSON string.
    /// </summary>
    public static int WholePart(ReadOnlySpan<byte> raw, out bool isClosed)
    {
        isClosed = false;
        var at = 0;
        while (raw[at..].IndexOfAny(StringStops) is >= 0 and var next)
        {
            at += next;
            var rest = raw[at..];
            if (rest[0] == '"')
            {
                isClosed = true;
                return at;
            }

            var isUnicode = rest.Length > 1 && rest[1] == 'u';
            if (rest[0] == '\\' && rest.Length < (isUnicode ? 6 : 2))
            {
                return at;
            }

            if (rest[0] != '\\' || (isUnicode ? rest[2..6].ContainsAnyExcept(HexDigits) : !Escapable.Contains(rest[1])))
            {
                return -1;
            }

            at += isUnicode ? 6 : 2;
        }

        return raw.Length;
    }

    /// <summary>Reads a whole number in any spelling JSON allows, up to a trillion.</summary>
    public static bool TryReadCount(ReadOnlySpan<byte> raw, out long count)
    {
        count = 0;
        if (raw.Length is 0 or > 40
            || !decimal.TryParse(raw, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var value)
            || value < 0 || value > 1_000_000_000_000m || value != decimal.Truncate(value))
        {
            return false;
        }

        count = (long)value;
        return true;
    }

    /// <summary>What inline data is, by its own first bytes: what a client says about it may be a lie.</summary>
    public static InlineKind Sniff(ReadOnlySpan<byte> data)
    {
        if (data[..Math.Min(data.Length, 512)].ContainsAnyExcept(Base64Characters))
        {
            return InlineKind.Text;
        }

        if (data.Length < 16)
        {
            return InlineKind.Text;
        }

        Span<byte> head = stackalloc byte[12];
        if (Base64.DecodeFromUtf8(data[..16], head, out _, out _) != OperationStatus.Done)
        {
            return InlineKind.Text;
        }

        var image = head[1..].StartsWith("PNG"u8) || (head[0] == 0xFF && head[1] == 0xD8)
            || head.StartsWith("GIF8"u8) || head[8..].SequenceEqual("WEBP"u8) || head[4..].StartsWith("ftyphei"u8) || head[4..].StartsWith("ftypavif"u8);
        return image ? InlineKind.Image : InlineKind.Media;
    }

    private static readonly SearchValues<byte> StringStops = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(control => (byte)control), (byte)'"', (byte)'\\']);

    private static readonly SearchValues<byte> Escapable = SearchValues.Create("\"\\/bfnrt"u8);

    private static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789abcdefABCDEF"u8);

    private static readonly SearchValues<byte> Base64Characters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\\-_"u8);
}

/// <summary>What a piece of inline data turned out to be.</summary>
internal enum InlineKind
{
    Text,
    Image,
    Media,
}
