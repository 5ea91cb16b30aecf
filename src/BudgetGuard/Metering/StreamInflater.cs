using System.IO.Compression;

namespace BudgetGuard.Metering;

/// <summary>Inflates gzip and deflate: the framework's streams pull, so they pull from a stream that has what was just pushed and no more.</summary>
internal sealed class StreamInflater(bool isGzip) : Inflater
{
    private readonly Source _source = new();
    private Stream? _inflating;

    protected override bool TryInflate(ReadOnlySpan<byte> piece, byte[] buffer, AnswerBody body)
    {
        try
        {
            while (!piece.IsEmpty)
            {
                _inflating ??= Open(piece[0]);
                piece = piece[_source.Take(piece)..];
                while (_inflating.Read(buffer) is > 0 and var count)
                {
                    if (!HandOn(buffer.AsSpan(0, count), body))
                    {
                        return false;
                    }

                    if (body.IsOver)
                    {
                        return true;
                    }
                }
            }

            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    protected override void Close() => _inflating?.Dispose();

    private Stream Open(byte first)
    {
        if (isGzip)
        {
            return new GZipStream(_source, CompressionMode.Decompress);
        }

        // The header of zlib, which some leave out, always begins with an 8; without it no block can.
        return (first & 0x0F) == 8 ? new ZLibStream(_source, CompressionMode.Decompress) : new DeflateStream(_source, CompressionMode.Decompress);
    }

    /// <summary>Gives what it took, and then nothing until it takes more.</summary>
    private sealed class Source : Stream
    {
        private readonly byte[] _bytes = new byte[1024];
        private int _start;
        private int _end;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        /// <summary>Takes the beginning of a piece in place of what it had, which has been read; the number of bytes taken.</summary>
        public int Take(ReadOnlySpan<byte> piece)
        {
            _start = 0;
            _end = Math.Min(piece.Length, _bytes.Length);
            piece[.._end].CopyTo(_bytes);
            return _end;
        }

        public override int Read(Span<byte> buffer)
        {
            var count = Math.Min(buffer.Length, _end - _start);
            _bytes.AsSpan(_start, count).CopyTo(buffer);
            _start += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
