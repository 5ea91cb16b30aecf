using System.IO.Pipelines;

namespace BudgetGuard.Metering;

/// <summary>The answer's pipe with the meter in front: memory is lent by the pipe itself, so nothing is copied.</summary>
internal sealed class MeteredPipeWriter(ResponseMeter meter, PipeWriter inner) : PipeWriter
{
    private Memory<byte> _lent;

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes;

    public override Memory<byte> GetMemory(int sizeHint = 0) => _lent = inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        if (bytes > 0 && bytes <= _lent.Length)
        {
            meter.Observe(_lent.Span[..bytes]);
            _lent = _lent[bytes..];
        }

        inner.Advance(bytes);
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        // The pipe takes its memory back: it must not be looked at again.
        _lent = default;
        return meter.IsReporting ? ReportThenFlushAsync(cancellationToken) : inner.FlushAsync(cancellationToken);
    }

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        _lent = default;
        meter.Observe(source.Span);
        return meter.IsReporting ? ReportThenWriteAsync(source, cancellationToken) : inner.WriteAsync(source, cancellationToken);
    }

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null)
    {
        _lent = default;
        inner.Complete(exception);
    }

    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        _lent = default;
        if (exception is null)
        {
            meter.End();
        }

        await meter.ReportedAsync();
        await inner.CompleteAsync(exception);
    }

    private async ValueTask<FlushResult> ReportThenFlushAsync(CancellationToken cancellationToken)
    {
        await meter.ReportedAsync();
        return await inner.FlushAsync(cancellationToken);
    }

    private async ValueTask<FlushResult> ReportThenWriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
    {
        await meter.ReportedAsync();
        return await inner.WriteAsync(source, cancellationToken);
    }
}
