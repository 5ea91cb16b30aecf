using System.IO.Pipelines;
using BudgetGuard.Diagnostics;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace BudgetGuard.Metering;

/// <summary>Puts a <see cref="StreamGate"/> before the answer of a request that asks for a stream, and takes it out again.</summary>
internal sealed class GatedResponse : IHttpResponseBodyFeature, IDisposable
{
    private readonly HttpContext _context;
    private readonly IHttpResponseBodyFeature _inner;
    private readonly CuttableLifetime _lifetime;
    private PipeWriter? _writer;
    private Stream? _stream;

    private GatedResponse(HttpContext context, ModelCall call, FailureLog failures)
    {
        _context = context;
        _inner = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        _lifetime = new CuttableLifetime(context, failures);
        Gate = new StreamGate(context, _inner.Stream, call.Api, call.RemovesUsage, _lifetime);
        context.Features.Set<IHttpResponseBodyFeature>(this);
    }

    public StreamGate Gate { get; }

    /// <summary>Through the pipe, so that an app that writes to both keeps its order.</summary>
    public Stream Stream => _stream ??= Writer.AsStream(leaveOpen: true);

    public PipeWriter Writer => _writer ??= PipeWriter.Create(Gate, new StreamPipeWriterOptions(leaveOpen: true));

    public static GatedResponse Attach(HttpContext context, ModelCall call, FailureLog failures) => new(context, call, failures);

    public void DisableBuffering() => _inner.DisableBuffering();

    public Task StartAsync(CancellationToken cancellationToken = default) => _inner.StartAsync(cancellationToken);

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        SendFileFallback.SendFileAsync(Stream, path, offset, count, cancellationToken);

    public async Task CompleteAsync()
    {
        await FinishAsync();
        await _inner.CompleteAsync();
    }

    /// <summary>Writes what the app left unflushed or the gate kept back.</summary>
    public async ValueTask FinishAsync()
    {
        if (_writer is { } writer && !Gate.IsOver)
        {
            await writer.FlushAsync();
        }

        await Gate.FinishAsync();
    }

    /// <summary>Gives the request back what it had before.</summary>
    public void Dispose()
    {
        _lifetime.Detach(_context);
        if (ReferenceEquals(_context.Features.Get<IHttpResponseBodyFeature>(), this))
        {
            _context.Features.Set(_inner);
        }

        _lifetime.Dispose();
    }
}
