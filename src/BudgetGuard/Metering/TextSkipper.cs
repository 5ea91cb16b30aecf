namespace BudgetGuard.Metering;

/// <summary>Finds the end of a JSON string that comes in pieces, and how long the text is that it stands for.</summary>
internal struct TextSkipper
{
    private bool _escaped;

    /// <summary>True until the string has ended.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>The UTF-8 bytes of the text until now, with its escapes resolved; a pair of escaped surrogates counts six instead of four.</summary>
    public long Length { get; private set; }

    /// <summary>Begins after the quote that opens a string.</summary>
    public static TextSkipper Opened() => new() { IsOpen = true };

    /// <summary>Passes over the string's bytes in a piece, with the quote that closes it; the number of them.</summary>
    public int Skip(ReadOnlySpan<byte> piece)
    {
        var at = 0;
        if (_escaped && !piece.IsEmpty)
        {
            Unescape(piece[0]);
            at = 1;
        }

        while (true)
        {
            var hit = piece[at..].IndexOfAny((byte)'"', (byte)'\\');
            if (hit < 0)
            {
                Length += piece.Length - at;
                return piece.Length;
            }

            Length += hit;
            at += hit + 1;
            if (piece[at - 1] == (byte)'"')
            {
                IsOpen = false;
                return at;
            }

            if (at == piece.Length)
            {
                _escaped = true;
                return at;
            }

            Unescape(piece[at]);
            at++;
        }
    }

    /// <summary>Counts an escape as the bytes it stands for: one, or for a code unit three, of which its four digits will be counted as they pass.</summary>
    private void Unescape(byte kind)
    {
        _escaped = false;
        Length += kind == (byte)'u' ? -1 : 1;
    }
}
