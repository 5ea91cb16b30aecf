using System.Buffers;

namespace BudgetGuard.Metering;

/// <summary>
/// Inflates a compressed answer on the side, piece by piece as it passes, in a buffer of fixed size. Data that is broken or grows beyond all measure ends it;
/// the answer goes on as it is.
/// </summary>
internal abstract class Inflater : IDisposable
{
    private const int BufferSize = 4096;
    private const long HarmlessBytes = 1024 * 1024;
    private const long MaxGrowth = 100;

    private byte[]? _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private long _read;
    private long _inflated;

    /// <summary>The inflater of a <c>Content-Encoding</c>; null if it is none that can be read.</summary>
    public static Inflater? Of(string encoding) => encoding.Trim().ToUpperInvariant() switch
    {
        "GZIP" or "X-GZIP" => new StreamInflater(isGzip: true),
        "DEFLATE" => new StreamInflater(isGzip: false),
        "BR" => new BrotliInflater(),
        _ => null,
    };

    /// <summary>Inflates a piece into a body; false if the rest cannot be read.</summary>
    public bool Inflate(ReadOnlySpan<byte> piece, AnswerBody body)
    {
        _read += piece.Length;
        return _buffer is { } buffer && TryInflate(piece, buffer, body);
    }

    public void Dispose()
    {
        if (_buffer is { } buffer)
        {
            _buffer = null;
            ArrayPool<byte>.Shared.Return(buffer);
            Close();
        }
    }

    protected abstract bool TryInflate(ReadOnlySpan<byte> piece, byte[] buffer, AnswerBody body);

    protected abstract void Close();

    /// <summary>Hands inflated bytes on; false if they are too many for what they came from.</summary>
    protected bool HandOn(ReadOnlySpan<byte> inflated, AnswerBody body)
    {
        _inflated += inflated.Length;
        if (_inflated > HarmlessBytes && _inflated / MaxGrowth > _read)
        {
            return false;
        }

        body.Read(inflated);
        return true;
    }
}
