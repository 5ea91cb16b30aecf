using System.Buffers;
using BudgetGuard.Identification;
using BudgetGuard.Responses;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Metering;

/// <summary>
/// Stands between the meter and the server while a stream passes. It takes the chunk out that the guard and not the caller asked for, and ends a stream early:
/// after the event that is passing, in the words of its API. All other bytes go on as they are, and at once, but for a part of an event that may turn out to
/// be that chunk.
/// </summary>
internal sealed class StreamGate(HttpContext context, Stream inner, ModelApi api, bool removesUsage, CuttableLifetime lifetime) : Stream
{
    // An event that is longer is not looked at, and a stream whose event never ends is ended inside it.
    private const int LongestEvent = 64 * 1024;

    private ArrayBufferWriter<byte>? _partial;
    private ArrayBufferWriter<byte>? _output;
    private EventBoundaries _boundaries;
    private StreamFraming? _framing;
    private int _status;
    private string? _exhausted;
    private long _sinceExhausted;
    private bool _isPassing;
    private bool _hasPassed;

    /// <summary>True once the stream was ended early.</summary>
    public bool IsOver { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>True while all that was written is kept back: flushing nothing would begin an answer that may still be taken back.</summary>
    private bool IsAllKeptBack => !_hasPassed && _partial is { WrittenCount: > 0 };

    /// <summary>Ends the stream for a budget's sake as soon as an event ends.</summary>
    public void EndEarly(string budget) => _exhausted ??= budget;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        ThrowIfOver();
        inner.Write(TryPass(buffer, out ReadOnlyMemory<byte> instead) ? instead.Span : buffer);
        if (IsOver)
        {
            inner.Flush();
            lifetime.Cut();
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (IsOver)
        {
            return ValueTask.FromCanceled(lifetime.RequestAborted);
        }

        ReadOnlyMemory<byte> bytes = TryPass(buffer.Span, out ReadOnlyMemory<byte> instead) ? instead : buffer;
        return IsOver ? WriteLastAsync(bytes) : bytes.IsEmpty ? ValueTask.CompletedTask : inner.WriteAsync(bytes, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) =>
        IsOver || IsAllKeptBack ? Task.CompletedTask : inner.FlushAsync(cancellationToken);

    /// <summary>Writes what was kept back of an event that never ended.</summary>
    public async ValueTask FinishAsync()
    {
        DropTakenBack();
        if (_partial is { WrittenCount: > 0 } rest && !IsOver)
        {
            await inner.WriteAsync(rest.WrittenMemory, CancellationToken.None);
            rest.ResetWrittenCount();
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async ValueTask WriteLastAsync(ReadOnlyMemory<byte> bytes)
    {
        // The last words must reach the client although its request is being cancelled.
        await inner.WriteAsync(bytes, CancellationToken.None);
        await inner.FlushAsync(CancellationToken.None);
        lifetime.Cut();
    }

    private void ThrowIfOver()
    {
        if (IsOver)
        {
            throw new OperationCanceledException(lifetime.RequestAborted);
        }
    }

    /// <summary>True if other bytes than those of the piece go on.</summary>
    private bool TryPass(ReadOnlySpan<byte> piece, out ReadOnlyMemory<byte> instead)
    {
        instead = default;
        if (piece.IsEmpty)
        {
            return false;
        }

        DropTakenBack();
        StreamFraming framing = _framing ??= Recognise(piece[0]);
        if (framing == StreamFraming.None)
        {
            if (_exhausted is null)
            {
                return false;
            }

            // Nothing can be put into it; all that is left is to break it off.
            IsOver = true;
            lifetime.AbortConnection();
            return true;
        }

        bool isChanged = removesUsage && framing == StreamFraming.Events ? PassWithoutUsage(piece, out instead) : PassWhole(piece, framing, out instead);
        _hasPassed |= !isChanged || !instead.IsEmpty;
        return isChanged;
    }

    /// <summary>An app may take back an answer that has not gone out, to answer something else: an error. What was kept back is no part of that.</summary>
    private void DropTakenBack()
    {
        if (_framing is not null && !_hasPassed && context.Response.StatusCode != _status)
        {
            _partial?.ResetWrittenCount();
            _isPassing = false;
            _framing = null;
        }
    }

    private bool PassWhole(ReadOnlySpan<byte> piece, StreamFraming framing, out ReadOnlyMemory<byte> instead)
    {
        int end = 0;
        while (_boundaries.Next(piece[end..]) is > 0 and var length)
        {
            end += length;
        }

        instead = default;
        if (_exhausted is null || !MayEndAt(end, piece.Length))
        {
            return false;
        }

        _output = new ArrayBufferWriter<byte>(piece.Length + 512);
        _output.Write(piece[..(end == 0 ? piece.Length : end)]);
        End(framing);
        instead = _output.WrittenMemory;
        return true;
    }

    private bool MayEndAt(int end, int length)
    {
        _sinceExhausted += length;
        return end > 0 || _sinceExhausted > LongestEvent;
    }

    private void End(StreamFraming framing)
    {
        _output!.Write(StreamEndings.Of(api, framing, _exhausted!).Span);
        IsOver = true;
    }

    private bool PassWithoutUsage(ReadOnlySpan<byte> piece, out ReadOnlyMemory<byte> instead)
    {
        ArrayBufferWriter<byte> output = _output ??= new ArrayBufferWriter<byte>();
        ArrayBufferWriter<byte> partial = _partial ??= new ArrayBufferWriter<byte>();
        bool isChanged = partial.WrittenCount > 0;
        output.ResetWrittenCount();
        int at = 0;
        while (_boundaries.Next(piece[at..]) is > 0 and var length)
        {
            ReadOnlySpan<byte> part = piece.Slice(at, length);
            at += length;
            isChanged |= PassEvent(part, partial, output);
            if (_exhausted is not null && at == piece.Length)
            {
                End(StreamFraming.Events);
                instead = output.WrittenMemory;
                return true;
            }
        }

        isChanged |= KeepBack(piece[at..], partial, output);
        if (_exhausted is not null && MayEndAt(at, piece.Length))
        {
            End(StreamFraming.Events);
            isChanged = true;
        }

        instead = output.WrittenMemory;
        return isChanged;
    }

    /// <summary>Lets the last part of an event pass with what was kept back of it, or takes all of it out; true if the bytes are others by that.</summary>
    private bool PassEvent(ReadOnlySpan<byte> part, ArrayBufferWriter<byte> partial, ArrayBufferWriter<byte> output)
    {
        bool wasPassing = _isPassing;
        _isPassing = false;
        if (partial.WrittenCount > 0)
        {
            partial.Write(part);
            part = partial.WrittenSpan;
        }

        bool isOut = !wasPassing && UsageChunk.Is(part);
        if (!isOut)
        {
            output.Write(part);
        }

        partial.ResetWrittenCount();
        return isOut;
    }

    /// <summary>Keeps the beginning of an event back until it can be told; true if bytes are kept back.</summary>
    private bool KeepBack(ReadOnlySpan<byte> rest, ArrayBufferWriter<byte> partial, ArrayBufferWriter<byte> output)
    {
        if (rest.IsEmpty)
        {
            return false;
        }

        if (!_isPassing && partial.WrittenCount + rest.Length <= LongestEvent)
        {
            partial.Write(rest);
            return true;
        }

        _isPassing = true;
        output.Write(partial.WrittenSpan);
        partial.ResetWrittenCount();
        output.Write(rest);
        return false;
    }

    private static bool IsEncoded(HttpResponse response) =>
        response.Headers.ContentEncoding is { Count: > 0 } encoding && !string.Equals(encoding.ToString(), "identity", StringComparison.OrdinalIgnoreCase);

    private StreamFraming Recognise(byte first)
    {
        HttpResponse response = context.Response;
        string? type = response.ContentType;
        _status = response.StatusCode;
        StreamFraming framing = IsEncoded(response) ? StreamFraming.None
            : StreamTypes.IsEvents(type) ? StreamFraming.Events
            : StreamTypes.IsLines(type) ? StreamFraming.Lines
            : first == (byte)'[' ? StreamFraming.Array
            : StreamFraming.None;
        if (framing != StreamFraming.None && !response.HasStarted)
        {
            // It may become shorter or longer.
            response.ContentLength = null;
        }

        _boundaries = new EventBoundaries(framing);
        return framing;
    }
}
