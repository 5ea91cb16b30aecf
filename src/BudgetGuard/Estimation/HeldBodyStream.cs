namespace BudgetGuard.Estimation;

/// <summary>A request body held in a rented buffer. Once the buffer is given back it throws, so that nobody sees another request's bytes.</summary>
internal sealed class HeldBodyStream(byte[] buffer, int length) : Stream
{
    private byte[]? _buffer = buffer;
    private int _position;

    public override bool CanRead => _buffer is not null;

    public override bool CanSeek => _buffer is not null;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => Seek(value, SeekOrigin.Begin);
    }

    /// <summary>All of the body.</summary>
    public ReadOnlySpan<byte> Whole => _buffer.AsSpan(0, length);

    /// <summary>Takes the buffer away from the stream.</summary>
    public byte[]? Detach() => Interlocked.Exchange(ref _buffer, null);

    public override int Read(Span<byte> target)
    {
        var source = _buffer;
        ObjectDisposedException.ThrowIf(source is null, this);
        var count = Math.Min(target.Length, Math.Max(0, length - _position));
        source.AsSpan(_position, count).CopyTo(target);
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken) : ValueTask.FromResult(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin)
    {
        ObjectDisposedException.ThrowIf(_buffer is null, this);
        var target = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => _position + offset,
            _ => length + offset,
        };
        ArgumentOutOfRangeException.ThrowIfNegative(target, nameof(offset));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(target, length, nameof(offset));
        return _position = (int)target;
    }

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
