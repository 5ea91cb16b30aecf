using System.Buffers.Binary;
using System.Numerics;

namespace BudgetGuard.Accounting;

/// <summary>Packs numbers and texts into bytes: small numbers in few of them, the same values always in the same.</summary>
internal sealed class RecordWriter
{
    private byte[] _bytes = new byte[256];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public byte[] ToArray() => Written.ToArray();

    public void Clear() => Length = 0;

    public void Add(bool value) => Room(1)[0] = value ? (byte)1 : (byte)0;

    public void Add(int value) => Add((long)value);

    /// <summary>Seven bits a byte, the sign in the lowest.</summary>
    public void Add(long value)
    {
        ulong left = (ulong)(value << 1) ^ (ulong)(value >> 63);
        Span<byte> room = _bytes.Length - Length >= 10 ? _bytes.AsSpan(Length, 10) : Grow(10);
        int i = 0;
        while (left >= 0x80)
        {
            room[i++] = (byte)(left | 0x80);
            left >>= 7;
        }

        room[i++] = (byte)left;
        Length += i;
    }

    public void Add(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Room(8), value);

    public void Add(decimal value)
    {
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);
        foreach (int part in bits)
        {
            Add(part);
        }
    }

    /// <summary>A text, or none, which is not an empty one.</summary>
    public void Add(string? text)
    {
        Add(text?.Length ?? -1);
        foreach (char one in text ?? "")
        {
            // As it is, not as UTF-8: half a surrogate is a partition like any other.
            Add((int)one);
        }
    }

    private Span<byte> Room(int count)
    {
        Span<byte> room = _bytes.Length - Length >= count ? _bytes.AsSpan(Length, count) : Grow(count);
        Length += count;
        return room;
    }

    private Span<byte> Grow(int count)
    {
        Array.Resize(ref _bytes, (int)BitOperations.RoundUpToPowerOf2((uint)(Length + count)));
        return _bytes.AsSpan(Length, count);
    }
}
