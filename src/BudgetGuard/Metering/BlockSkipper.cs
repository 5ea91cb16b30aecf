using System.Numerics;
using System.Runtime.Intrinsics;

namespace BudgetGuard.Metering;

/// <summary>
/// Finds the end of a JSON object or array that comes in pieces. It looks at 64 bytes at once: bit masks of quotes, escapes and brackets say what is
/// inside a string, so that text full of escapes and deep nesting cost little more than plain prose.
/// </summary>
internal struct BlockSkipper
{
    private const ulong EvenBits = 0x5555_5555_5555_5555;
    private ulong _inString;
    private ulong _escaped;
    private long _depth;

    /// <summary>True until the block has ended.</summary>
    public readonly bool IsOpen => _depth > 0;

    /// <summary>Begins after the bracket that opens a block.</summary>
    public static BlockSkipper Opened() => new() { _depth = 1 };

    /// <summary>Passes over the block's bytes in a piece; the number of them.</summary>
    public int Skip(ReadOnlySpan<byte> piece)
    {
        var at = 0;
        while (piece.Length - at >= Vector512<byte>.Count)
        {
            at += SkipChunk(Vector512.Create(piece.Slice(at, Vector512<byte>.Count)), Vector512<byte>.Count);
            if (!IsOpen)
            {
                return at;
            }
        }

        if (at < piece.Length)
        {
            Span<byte> last = stackalloc byte[Vector512<byte>.Count];
            last.Fill((byte)' ');
            piece[at..].CopyTo(last);
            at += SkipChunk(Vector512.Create<byte>(last), piece.Length - at);
        }

        return at;
    }

    private int SkipChunk(Vector512<byte> chunk, int length)
    {
        var slashes = Vector512.Equals(chunk, Vector512.Create((byte)'\\')).ExtractMostSignificantBits();
        var quotes = Vector512.Equals(chunk, Vector512.Create((byte)'"')).ExtractMostSignificantBits();
        if (((slashes | quotes | _escaped) == 0) && _inString != 0)
        {
            return length;
        }

        quotes &= ~Escaped(slashes, length);
        var text = Spread(quotes) ^ _inString;
        _inString = (ulong)((long)text >> 63);

        // Braces and brackets differ in one bit; which of the two it is does not matter for the depth.
        var folded = chunk | Vector512.Create((byte)0x20);
        var opens = Vector512.Equals(folded, Vector512.Create((byte)'{')).ExtractMostSignificantBits() & ~text;
        var closes = Vector512.Equals(folded, Vector512.Create((byte)'}')).ExtractMostSignificantBits() & ~text;
        var closed = BitOperations.PopCount(closes);
        if (_depth > closed)
        {
            _depth += BitOperations.PopCount(opens) - closed;
            return length;
        }

        return Close(opens, closes, length);
    }

    /// <summary>Follows the depth bracket by bracket where the block may end.</summary>
    private int Close(ulong opens, ulong closes, int length)
    {
        var closed = 0;
        for (var rest = closes; rest != 0; rest &= rest - 1)
        {
            var at = BitOperations.TrailingZeroCount(rest);
            closed++;
            if (_depth + BitOperations.PopCount(opens & ((1UL << at) - 1)) == closed)
            {
                _depth = 0;
                return at + 1;
            }
        }

        _depth += BitOperations.PopCount(opens) - closed;
        return length;
    }

    /// <summary>The bytes that a backslash escapes; a run of backslashes escapes every second one and, if it is odd, what follows.</summary>
    private ulong Escaped(ulong slashes, int length)
    {
        ulong escaped;
        bool carried;
        if (slashes == 0)
        {
            escaped = _escaped;
            carried = false;
        }
        else
        {
            slashes &= ~_escaped;
            var follows = (slashes << 1) | _escaped;
            var oddStarts = slashes & ~EvenBits & ~follows;
            var runs = oddStarts + slashes;
            carried = runs < slashes;
            escaped = (EvenBits ^ (runs << 1)) & follows;
        }

        // Of a last, partial chunk the byte after its end is the first of the next.
        _escaped = length == Vector512<byte>.Count ? (carried ? 1UL : 0) : (escaped >> length) & 1;
        return escaped;
    }

    /// <summary>Sets every bit from a quote to the next one.</summary>
    private static ulong Spread(ulong quotes)
    {
        quotes ^= quotes << 1;
        quotes ^= quotes << 2;
        quotes ^= quotes << 4;
        quotes ^= quotes << 8;
        quotes ^= quotes << 16;
        return quotes ^ (quotes << 32);
    }
}
