using System.Collections.Immutable;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace BudgetGuard.Metering;

/// <summary>
/// Watches the answer of one request on its way out and tells what it used before the bytes that complete it go on. Every call is passed on as it is,
/// at once and whole; a failure of the meter ends the metering, never the answer.
/// </summary>
/// <remarks>
/// Asynchronous writes wait for the report. A synchronous write, or an <c>Advance</c> of the pipe, cannot wait: there the report is begun, and the next
/// asynchronous step, at the latest <see cref="FinishAsync"/>, waits for it. Bytes that were only advanced have not gone out by then.
/// </remarks>
internal sealed partial class ResponseMeter : IHttpResponseBodyFeature
{
    private readonly HttpResponse _response;
    private readonly IHttpResponseBodyFeature _inner;
    private readonly ImmutableArray<IUsageReader> _readers;
    private readonly Func<TokenUsage, ValueTask> _report;
    private readonly Action<Exception> _complain;
    private readonly StreamHold? _hold;
    private readonly StreamGate? _gate;
    private AnswerBody? _body;
    private MeteredStream? _stream;
    private MeteredPipeWriter? _writer;
    private Task? _reporting;
    private bool _watching = true;

    private ResponseMeter(
        HttpContext context,
        ImmutableArray<IUsageReader> readers,
        Func<TokenUsage, ValueTask> report,
        Action<Exception> complain,
        StreamHold? hold,
        StreamGate? gate)
    {
        _hold = hold;
        _gate = gate;
        _response = context.Response;
        _inner = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        _readers = readers;
        _report = report;
        _complain = complain;
    }

    /// <summary>What the answer used; null while that is unknown.</summary>
    public TokenUsage? Usage { get; private set; }

    /// <summary>What was read of a stream that ended without a report; null if it was none, or once the usage was reported.</summary>
    public StreamReading? StreamReading { get; private set; }

    /// <summary>True if the answer comes in many parts.</summary>
    public bool IsStream { get; private set; }

    /// <summary>True if the answer is compressed.</summary>
    public bool IsEncoded { get; private set; }

    /// <summary>True once the app wrote a part of a body.</summary>
    public bool SawBytes { get; private set; }

    /// <summary>True once a part of a body was written that was no error's: the model has worked, whatever the status becomes.</summary>
    public bool SawAnswer { get; private set; }

    public Stream Stream => _stream ??= new MeteredStream(this, _inner.Stream);

    public PipeWriter Writer => _writer ??= new MeteredPipeWriter(this, _inner.Writer);

    /// <summary>True while a report that was begun has to be waited for.</summary>
    internal bool IsReporting => _reporting is not null;

    /// <summary>Puts a meter between the app and the answer of a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="readers">Who reads the usage; the first that finds one decides.</param>
    /// <param name="report">Told once, when the usage is known; it bounds its own waits.</param>
    /// <param name="complain">Told what went wrong inside the meter.</param>
    /// <param name="hold">What a stream's hold grows by.</param>
    /// <param name="gate">Where a stream is ended whose hold cannot grow.</param>
    public static ResponseMeter Attach(
        HttpContext context,
        ImmutableArray<IUsageReader> readers,
        Func<TokenUsage, ValueTask> report,
        Action<Exception> complain,
        StreamHold? hold = null,
        StreamGate? gate = null)
    {
        var meter = new ResponseMeter(context, readers, report, complain, hold, gate);
        context.Features.Set<IHttpResponseBodyFeature>(meter);
        return meter;
    }

    /// <summary>Waits for a report that was begun, reads what is known of an answer that did not tell all, and takes the meter out; never throws.</summary>
    public async ValueTask FinishAsync()
    {
        await ReportedAsync();
        ReadProgress();
        if (_hold is not null && !SawAnswer && Usage is null)
        {
            StreamReading ??= default(StreamReading);
        }

        Detach();
    }

    /// <summary>Ends the metering and restores the feature that was there before; what holds on to this one still reaches the answer.</summary>
    public void Detach()
    {
        StopWatching();
        var features = _response.HttpContext.Features;
        if (ReferenceEquals(features.Get<IHttpResponseBodyFeature>(), this))
        {
            features.Set(_inner);
        }
    }

    public void DisableBuffering() => _inner.DisableBuffering();

    public Task StartAsync(CancellationToken cancellationToken = default) =>
        IsReporting ? ReportThenAsync(inner => inner.StartAsync(cancellationToken)) : _inner.StartAsync(cancellationToken);

    public Task CompleteAsync()
    {
        End();
        return IsReporting ? ReportThenAsync(static inner => inner.CompleteAsync()) : _inner.CompleteAsync();
    }

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default)
    {
        // A file sent by the server itself would pass unseen.
        if (_watching)
        {
            return SendFileFallback.SendFileAsync(Stream, path, offset, count, cancellationToken);
        }

        return IsReporting
            ? ReportThenAsync(inner => inner.SendFileAsync(path, offset, count, cancellationToken))
            : _inner.SendFileAsync(path, offset, count, cancellationToken);
    }

    /// <summary>Looks at bytes that are about to go on.</summary>
    internal void Observe(ReadOnlySpan<byte> bytes)
    {
        if (!_watching || bytes.IsEmpty)
        {
            return;
        }

        try
        {
            if (!SawBytes)
            {
                SawBytes = true;
                SawAnswer = _response.StatusCode < StatusCodes.Status400BadRequest;
                Recognise();
            }

            if (_body is { } body)
            {
                body.Feed(bytes);
                IsStream = body.IsStream;
                if (body.IsOver)
                {
                    ReadUsage(body);
                }
                else if (_hold is not null && IsStream)
                {
                    Cover(body.Written);
                }
            }
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    /// <summary>
    /// Looks at a stream when the app says that its answer is complete. Where the last event told the usage of all that came before, that is what it used:
    /// not every format marks its end.
    /// </summary>
    internal void End()
    {
        try
        {
            if (_watching && _body is { IsStream: true } body && !_response.HttpContext.RequestAborted.IsCancellationRequested
                && body.Usage(_readers) is { } usage && body.Progress(usage) is { WrittenSince.Bytes: 0 })
            {
                StopWatching();
                Report(usage);
            }
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    /// <summary>Waits for a report that was begun.</summary>
    internal async ValueTask ReportedAsync()
    {
        if (_reporting is { } reporting)
        {
            await reporting;
            _reporting = null;
        }
    }

    private void StopWatching()
    {
        _watching = false;
        _body?.Discard();
        _body = null;
    }

    private async Task ReportThenAsync(Func<IHttpResponseBodyFeature, Task> next)
    {
        await ReportedAsync();
        await next(_inner);
    }
}
