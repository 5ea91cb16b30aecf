using System.Buffers.Text;

namespace BudgetGuard.Metering;

/// <summary>
/// Reads the payload of a frame as it passes: JSON, or an object that has the event's JSON in base64 as its first member, <c>bytes</c>.
/// </summary>
internal sealed class FramePayload(StreamUsage events)
{
    private const int Most = 1024;

    private readonly byte[] _group = new byte[4];
    private int _matched;
    private int _inGroup;
    private Kind _kind;

    private enum Kind : byte
    {
        Unknown,
        Json,
        Base64,
        Rest,
    }

    private static ReadOnlySpan<byte> Wrapping => "{\"bytes\":\""u8;

    public void Feed(ReadOnlySpan<byte> piece)
    {
        if (_kind == Kind.Unknown)
        {
            piece = Recognise(piece);
        }

        switch (_kind)
        {
            case Kind.Json:
                events.Read(piece);
                break;
            case Kind.Base64:
                Decode(piece);
                break;
        }
    }

    public void End()
    {
        events.EndEvent();
        _matched = _inGroup = 0;
        _kind = Kind.Unknown;
    }

    private ReadOnlySpan<byte> Recognise(ReadOnlySpan<byte> piece)
    {
        var start = 0;
        while (start < piece.Length && _matched < Wrapping.Length)
        {
            if (piece[start] == Wrapping[_matched])
            {
                _matched++;
            }
            else if (piece[start] > (byte)' ' || _matched is not (0 or 1 or 8 or 9))
            {
                _kind = Kind.Json;
                events.Read(Wrapping[.._matched]);
                return piece[start..];
            }

            start++;
        }

        _kind = _matched == Wrapping.Length ? Kind.Base64 : Kind.Unknown;
        return piece[start..];
    }

    private void Decode(ReadOnlySpan<byte> piece)
    {
        var quote = piece.IndexOf((byte)'"');
        var text = quote < 0 ? piece : piece[..quote];
        while (!text.IsEmpty)
        {
            if (_inGroup == 0 && text.Length >= 4)
            {
                var whole = Math.Min(text.Length, Most) & ~3;
                ReadDecoded(text[..whole]);
                text = text[whole..];
                continue;
            }

            _group[_inGroup++] = text[0];
            text = text[1..];
            if (_inGroup == _group.Length)
            {
                _inGroup = 0;
                ReadDecoded(_group);
            }
        }

        _kind = quote < 0 ? Kind.Base64 : Kind.Rest;
    }

    /// <summary>Reads whole groups of four; what is no base64 is passed over, so that the event is broken and tells nothing.</summary>
    private void ReadDecoded(ReadOnlySpan<byte> groups)
    {
        Span<byte> decoded = stackalloc byte[Most / 4 * 3];
        Base64.DecodeFromUtf8(groups, decoded, out _, out var written);
        events.Read(decoded[..written]);
    }
}
