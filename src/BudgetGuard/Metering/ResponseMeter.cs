using System.Collections.Immutable;
using System.IO.Pipelines;
using System.Text.Json;
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
internal sealed class ResponseMeter : IHttpResponseBodyFeature
{
    private readonly HttpResponse _response;
    private readonly IHttpResponseBodyFeature _inner;
    private readonly ImmutableArray<IUsageReader> _readers;
    private readonly Func<TokenUsage, ValueTask> _report;
    private readonly Action<Exception> _complain;
    private AnswerScanner? _scanner;
    private MeteredStream? _stream;
    private MeteredPipeWriter? _writer;
    private Task? _reporting;
    private bool _watching = true;

    private ResponseMeter(
        HttpContext context,
        ImmutableArray<IUsageReader> readers,
        Func<TokenUsage, ValueTask> report,
        Action<Exception> complain)
    {
        _response = context.Response;
        _inner = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        _readers = readers;
        _report = report;
        _complain = complain;
    }

    /// <summary>What the answer used; null while that is unknown.</summary>
    public TokenUsage? Usage { get; private set; }

    /// <summary>True if the answer comes in many parts, each with its own account of the usage.</summary>
    public bool IsStream { get; private set; }

    /// <summary>True if the answer is compressed, so that its usage stays unknown.</summary>
    public bool IsEncoded { get; private set; }

    /// <summary>True once the app wrote a part of a body.</summary>
    public bool SawBytes { get; private set; }

    public Stream Stream => _stream ??= new MeteredStream(this, _inner.Stream);

    public PipeWriter Writer => _writer ??= new MeteredPipeWriter(this, _inner.Writer);

    /// <summary>True while a report that was begun has to be waited for.</summary>
    internal bool IsReporting => _reporting is not null;

    /// <summary>Puts a meter between the app and the answer of a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="readers">Who reads the usage; the first that finds one decides.</param>
    /// <param name="report">Told once, when the usage is known; it bounds its own waits.</param>
    /// <param name="complain">Told what went wrong inside the meter.</param>
    public static ResponseMeter Attach(
        HttpContext context,
        ImmutableArray<IUsageReader> readers,
        Func<TokenUsage, ValueTask> report,
        Action<Exception> complain)
    {
        var meter = new ResponseMeter(context, readers, report, complain);
        context.Features.Set<IHttpResponseBodyFeature>(meter);
        return meter;
    }

    /// <summary>Waits for a report that was begun and takes the meter out; never throws.</summary>
    public async ValueTask FinishAsync()
    {
        await ReportedAsync();
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

    public Task CompleteAsync() =>
        IsReporting ? ReportThenAsync(static inner => inner.CompleteAsync()) : _inner.CompleteAsync();

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
                Recognise();
            }

            if (_scanner is { } scanner && (scanner.Feed(bytes) || scanner.IsFinished))
            {
                IsStream = scanner.IsArray;
                ReadUsage(scanner);
            }
        }
        catch (Exception exception)
        {
            StopWatching();
            Complain(exception);
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

    private void Recognise()
    {
        var encoding = _response.Headers.ContentEncoding;
        IsEncoded = encoding.Count > 0 && !string.Equals(encoding.ToString(), "identity", StringComparison.OrdinalIgnoreCase);
        IsStream = IsStreamType(_response.ContentType);
        if (IsEncoded || IsStream || _readers.IsDefaultOrEmpty)
        {
            StopWatching();
        }
        else
        {
            _scanner = new AnswerScanner();
        }
    }

    private static bool IsStreamType(string? contentType)
    {
        var type = contentType.AsSpan();
        var parameters = type.IndexOf(';');
        type = (parameters < 0 ? type : type[..parameters]).Trim();
        return type.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase)
            || type.Equals("application/x-ndjson", StringComparison.OrdinalIgnoreCase)
            || type.Equals("application/ndjson", StringComparison.OrdinalIgnoreCase)
            || type.Equals("application/jsonl", StringComparison.OrdinalIgnoreCase)
            || type.Equals("application/x-jsonlines", StringComparison.OrdinalIgnoreCase)
            || type.Equals("application/stream+json", StringComparison.OrdinalIgnoreCase)
            || type.Equals("application/vnd.amazon.eventstream", StringComparison.OrdinalIgnoreCase);
    }

    private void ReadUsage(AnswerScanner scanner)
    {
        if (scanner.IsComplete)
        {
            using var answer = scanner.Kept();
            Usage = ReadUsage(answer.RootElement);
        }

        StopWatching();
        if (Usage is { } usage)
        {
            var reporting = _report(usage);
            if (!reporting.IsCompletedSuccessfully)
            {
                _reporting = ShieldAsync(reporting);
            }
        }
    }

    private TokenUsage? ReadUsage(JsonElement answer)
    {
        foreach (var reader in _readers)
        {
            if (reader.Read(answer) is { } usage)
            {
                return usage;
            }
        }

        return null;
    }

    private async Task ShieldAsync(ValueTask reporting)
    {
        try
        {
            await reporting;
        }
        catch (Exception exception)
        {
            Complain(exception);
        }
    }

    private void Complain(Exception exception)
    {
        try
        {
            _complain(exception);
        }
        catch (Exception)
        {
            // Whoever is told of a failure must not become one for the answer.
        }
    }

    private void StopWatching()
    {
        _watching = false;
        _scanner?.Discard();
        _scanner = null;
    }

    private async Task ReportThenAsync(Func<IHttpResponseBodyFeature, Task> next)
    {
        await ReportedAsync();
        await next(_inner);
    }
}
