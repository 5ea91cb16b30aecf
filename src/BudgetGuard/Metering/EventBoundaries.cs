namespace BudgetGuard.Metering;

/// <summary>How the parts of a stream follow each other.</summary>
internal enum StreamFraming
{
    /// <summary>No stream, or one that nothing can be put into: compressed, or binary.</summary>
    None,

    /// <summary>Server-sent events.</summary>
    Events,

    /// <summary>A JSON object a line.</summary>
    Lines,

    /// <summary>The objects of one JSON array.</summary>
    Array,
}

/// <summary>Finds where one part of a stream ends, in pieces of any size.</summary>
internal struct EventBoundaries(StreamFraming framing)
{
    private int _depth;
    private bool _hasText;
    private bool _isInString;
    private bool _isEscaped;

    /// <summary>Reads on; the place just behind the first part that ends in the piece, or −1.</summary>
    public int Next(ReadOnlySpan<byte> piece) => framing == StreamFraming.Array ? NextObject(piece) : NextLine(piece);

    private int NextLine(ReadOnlySpan<byte> piece)
    {
        var at = 0;
        while (piece[at..].IndexOf((byte)'\n') is >= 0 and var length)
        {
            var isEmpty = !_hasText && (length == 0 || (length == 1 && piece[at] == (byte)'\r'));
            _hasText = false;
            at += length + 1;
            if (isEmpty || framing == StreamFraming.Lines)
            {
                return at;
            }
        }

        _hasText |= piece[at..].IndexOfAnyExcept((byte)'\r') >= 0;
        return -1;
    }

    private int NextObject(ReadOnlySpan<byte> piece)
    {
        for (var at = 0; at < piece.Length; at++)
        {
            var next = piece[at];
            if (_isInString)
            {
                _isInString = _isEscaped || next != (byte)'"';
                _isEscaped = !_isEscaped && next == (byte)'\\';
                continue;
            }

            _isInString = next == (byte)'"';
            _depth += next is (byte)'{' or (byte)'[' ? 1 : next is (byte)'}' or (byte)']' ? -1 : 0;
            if (next == (byte)'}' && _depth == 1)
            {
                return at + 1;
            }
        }

        return -1;
    }
}
