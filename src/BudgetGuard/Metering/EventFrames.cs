using System.Buffers.Binary;

namespace BudgetGuard.Metering;

/// <summary>
/// Walks the frames of Amazon's binary event streams in pieces of any size: a prelude of lengths with its checksum, headers, a JSON payload, and a checksum
/// of all. Headers are passed over: what kind of event it is, the payload says itself.
/// </summary>
internal sealed class EventFrames(StreamUsage events)
{
    private const int PreludeBytes = 12;
    private const int ChecksumBytes = 4;
    private const int MostHeaderBytes = 128 * 1024;
    private const int MostFrameBytes = 32 * 1024 * 1024;

    private readonly byte[] _prelude = new byte[PreludeBytes];
    private readonly FramePayload _payload = new(events);
    private int _preludeBytes;
    private long _headers;
    private long _rest;
    private long _checksum;

    /// <summary>True once a whole prelude was read.</summary>
    public bool SawFrame { get; private set; }

    /// <summary>True if what follows is no frame.</summary>
    public bool IsBroken { get; private set; }

    public void Feed(ReadOnlySpan<byte> piece)
    {
        while (!piece.IsEmpty && !events.IsOver && !IsBroken)
        {
            piece = piece[Step(piece)..];
        }
    }

    private int Step(ReadOnlySpan<byte> piece)
    {
        if (_preludeBytes < PreludeBytes)
        {
            var used = Math.Min(PreludeBytes - _preludeBytes, piece.Length);
            piece[..used].CopyTo(_prelude.AsSpan(_preludeBytes));
            _preludeBytes += used;
            if (_preludeBytes == PreludeBytes)
            {
                BeginFrame();
            }

            return used;
        }

        if (_headers > 0)
        {
            return Pass(piece, ref _headers);
        }

        if (_rest > 0)
        {
            var used = Pass(piece, ref _rest);
            _payload.Feed(piece[..used]);
            return used;
        }

        var last = Pass(piece, ref _checksum);
        if (_checksum == 0)
        {
            _preludeBytes = 0;
            _payload.End();
        }

        return last;
    }

    private void BeginFrame()
    {
        var all = BinaryPrimitives.ReadUInt32BigEndian(_prelude);
        _headers = BinaryPrimitives.ReadUInt32BigEndian(_prelude.AsSpan(4));
        _rest = all - PreludeBytes - ChecksumBytes - _headers;
        _checksum = ChecksumBytes;
        IsBroken = all > MostFrameBytes || _headers > MostHeaderBytes || _rest < 0
            || BinaryPrimitives.ReadUInt32BigEndian(_prelude.AsSpan(8)) != Checksum(_prelude.AsSpan(0, 8));
        SawFrame |= !IsBroken;
    }

    private static int Pass(ReadOnlySpan<byte> piece, ref long left)
    {
        var used = (int)Math.Min(left, piece.Length);
        left -= used;
        return used;
    }

    /// <summary>CRC-32 of a prelude: the sum of the whole frame is the client's to check, but binary bodies of other kinds must not be taken for frames.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var sum = uint.MaxValue;
        foreach (var next in bytes)
        {
            sum ^= next;
            for (var bit = 0; bit < 8; bit++)
            {
                sum = (sum >> 1) ^ ((sum & 1) * 0xEDB8_8320);
            }
        }

        return ~sum;
    }
}
