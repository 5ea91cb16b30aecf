using System.Buffers;
using System.IO.Compression;

namespace BudgetGuard.Metering;

/// <summary>Inflates Brotli.</summary>
internal sealed class BrotliInflater : Inflater
{
    private BrotliDecoder _decoder;

    protected override bool TryInflate(ReadOnlySpan<byte> piece, byte[] buffer, AnswerBody body)
    {
        while (true)
        {
            var status = _decoder.Decompress(piece, buffer, out var used, out var written);
            piece = piece[used..];
            if (status == OperationStatus.InvalidData || !HandOn(buffer.AsSpan(0, written), body))
            {
                return false;
            }

            if (body.IsOver || status != OperationStatus.DestinationTooSmall)
            {
                return true;
            }
        }
    }

    protected override void Close() => _decoder.Dispose();
}
