using System.Buffers.Binary;

namespace BudgetGuard.Accounting;

/// <summary>Reads what a <see cref="RecordWriter"/> packed.</summary>
/// <exception cref="InvalidDataException">The bytes are none that it wrote.</exception>
internal ref struct RecordReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _left = bytes;

    public readonly bool IsAtEnd => _left.IsEmpty;

    public bool Bool() => Take(1)[0] switch
    {
        0 => false,
        1 => true,
        _ => throw Bad(),
    };

    public int Int() => Long() is >= int.MinValue and <= int.MaxValue and var value ? (int)value : throw Bad();

    /// <summary>A number of things that follow, each of at least one byte.</summary>
    public int Count() => Int() is >= 0 and var count && count <= _left.Length ? count : throw Bad();

    public long Long()
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            byte next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return (long)(value >> 1) ^ -(long)(value & 1);
            }
        }

        throw Bad();
    }

    public ulong Fixed() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public decimal Decimal()
    {
        Span<int> bits = [Int(), Int(), Int(), Int()];
        try
        {
            return new decimal(bits);
        }
        catch (ArgumentException)
        {
            throw Bad();
        }
    }

    public string? Text()
    {
        int length = Int();
        if (length < 0)
        {
            return null;
        }

        if (length > _left.Length)
        {
            throw Bad();
        }

        var text = new char[length];
        for (int i = 0; i < length; i++)
        {
            text[i] = (char)Int();
        }

        return new string(text);
    }

    public static InvalidDataException Bad() => new("A record of the accounts cannot be read.");

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _left.Length)
        {
            throw Bad();
        }

        ReadOnlySpan<byte> taken = _left[..count];
        _left = _left[count..];
        return taken;
    }
}
