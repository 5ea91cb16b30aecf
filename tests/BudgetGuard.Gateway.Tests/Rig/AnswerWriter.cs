using System.IO.Compression;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace BudgetGuard.Gateway.Tests.Rig;

/// <summary>Puts an answer on the wire as its script says: compressed or not, in pieces, and cut where it is cut.</summary>
internal sealed class AnswerWriter
{
    private readonly HttpContext _context;
    private readonly ProviderCall _call;
    private readonly Random _random;
    private readonly Stream _output;
    private int _left;

    public AnswerWriter(HttpContext context, ProviderCall call)
    {
        _context = context;
        _call = call;
        _random = new Random(call.Script.Seed);
        _left = call.Script.CutAfterBytes ?? int.MaxValue;
        string accepted = context.Request.Headers.AcceptEncoding.ToString();
        string? encoding = call.Script.Encoding is { } wanted && (call.Script.EncodesAnyway || accepted.Contains(wanted, StringComparison.OrdinalIgnoreCase)) ? wanted : null;
        if (encoding is not null)
        {
            context.Response.Headers.ContentEncoding = encoding;
        }

        _output = encoding switch
        {
            "gzip" => new GZipStream(context.Response.Body, CompressionLevel.Fastest, leaveOpen: true),
            "br" => new BrotliStream(context.Response.Body, CompressionLevel.Fastest, leaveOpen: true),
            _ => context.Response.Body,
        };
    }

    /// <summary>Writes bytes; false once the connection was cut.</summary>
    public async Task<bool> WriteAsync(byte[] bytes)
    {
        for (int at = 0; at < bytes.Length || _left == 0;)
        {
            if (_left == 0)
            {
                await CutAsync();
                return false;
            }

            int size = Math.Min(_left, _call.Script.Pieces is { } most ? _random.Next(1, most + 1) : int.MaxValue);
            size = Math.Min(size, bytes.Length - at);
            await _output.WriteAsync(bytes.AsMemory(at, size), _context.RequestAborted);
            await _output.FlushAsync(_context.RequestAborted);
            await _context.Response.Body.FlushAsync(_context.RequestAborted);
            at += size;
            _left -= size;
        }

        return true;
    }

    public async Task EndAsync()
    {
        if (!ReferenceEquals(_output, _context.Response.Body))
        {
            await _output.DisposeAsync();
        }
    }

    /// <summary>Ends the connection below the server, which would end the answer first, and waits until the other side has noticed.</summary>
    private async Task EndConnectionAsync()
    {
        TaskCompletionSource noticed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration gone = _context.RequestAborted.Register(noticed.SetResult);
        await _context.Features.GetRequiredFeature<IConnectionTransportFeature>().Transport.Output.CompleteAsync();
        await noticed.Task.WaitAsync(FakeProvider.Patience);
    }

    private async Task CutAsync()
    {
        _call.IsCut = true;

        // Before any byte of the answer there may be nothing but its headers.
        if (!_context.Response.HasStarted)
        {
            await _context.Response.StartAsync();
        }

        switch (_call.Script)
        {
            case { Cut: Cut.ResetWhenRead, ReadAhead: { } ahead }:
                await ahead.WhenReadAsync(_context.RequestAborted);
                break;
            case { Cut: Cut.End }:
                await EndConnectionAsync();
                break;
        }

        _context.Abort();
    }
}
