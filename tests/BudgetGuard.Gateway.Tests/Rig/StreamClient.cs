using System.IO.Compression;
using System.Net.Sockets;

namespace BudgetGuard.Gateway.Tests.Rig;

/// <summary>How a client leaves.</summary>
internal enum Leaving
{
    /// <summary>Closes the connection.</summary>
    Close,

    /// <summary>Resets it.</summary>
    Reset,

    /// <summary>Says that it will send no more, and stays.</summary>
    HalfClose,
}

/// <summary>A client with one connection of its own that reads as far as it likes, and leaves when it likes.</summary>
internal sealed class StreamClient : IDisposable
{
    private readonly HttpClient _client;
    private Socket? _socket;

    public StreamClient(Uri address)
    {
        SocketsHttpHandler handler = new()
        {
            UseProxy = false,
            MaxResponseDrainSize = 0,
            ConnectCallback = async (context, cancellationToken) =>
            {
                _socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await _socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(_socket, ownsSocket: true);
            },
        };
        _client = new HttpClient(handler) { BaseAddress = address, Timeout = FakeProvider.Patience };
    }

    /// <summary>Asks, and leaves as soon as the task ends: nothing of the answer is read.</summary>
    public async Task LeaveWhenAsync(HttpRequestMessage request, Task when, Leaving how)
    {
        Task<HttpResponseMessage> answer = _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await Task.WhenAny(when, answer).WaitAsync(FakeProvider.Patience);
        Leave(how);
        try
        {
            using HttpResponseMessage early = await answer;
        }
        catch (HttpRequestException)
        {
            // It left.
        }
    }

    /// <summary>Asks and reads the answer to its end, or until so many bytes have come.</summary>
    /// <param name="request">What it asks.</param>
    /// <param name="marker">What each event of the answer has once.</param>
    /// <param name="ahead">Told of each event.</param>
    /// <param name="leaveAfter">The bytes after which it leaves.</param>
    /// <param name="how">How it leaves.</param>
    public async Task<StreamReading> ReadAsync(
        HttpRequestMessage request, byte[] marker, ReadAhead? ahead = null, int leaveAfter = int.MaxValue, Leaving how = Leaving.Close)
    {
        using CancellationTokenSource patience = new(FakeProvider.Patience);
        int status = 0;
        MemoryStream all = new();
        try
        {
            using HttpResponseMessage answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            status = (int)answer.StatusCode;
            await using Stream body = Inflated(answer, await answer.Content.ReadAsStreamAsync(patience.Token));
            byte[] buffer = new byte[4096];
            while (all.Length < leaveAfter)
            {
                int count = await body.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, leaveAfter - all.Length)), patience.Token);
                if (count == 0)
                {
                    return new StreamReading(status, all.ToArray(), null, HasLeft: false);
                }

                int seen = (int)Math.Max(0, all.Length - marker.Length + 1);
                all.Write(buffer, 0, count);
                ahead?.Read(Count(all.GetBuffer().AsSpan(seen, (int)all.Length - seen), marker));
            }

            Leave(how);
            if (how == Leaving.HalfClose)
            {
                await LingerAsync(body, patience.Token);
            }

            return new StreamReading(status, all.ToArray(), null, HasLeft: true);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException or InvalidDataException)
        {
            return new StreamReading(status, all.ToArray(), exception, HasLeft: false);
        }
    }

    public void Dispose() => _client.Dispose();

    private static Stream Inflated(HttpResponseMessage answer, Stream body) => answer.Content.Headers.ContentEncoding.SingleOrDefault() switch
    {
        "gzip" => new GZipStream(body, CompressionMode.Decompress),
        "br" => new BrotliStream(body, CompressionMode.Decompress),
        _ => body,
    };

    /// <summary>Stays until the other side ends the connection too.</summary>
    private static async Task LingerAsync(Stream body, CancellationToken patience)
    {
        try
        {
            await body.CopyToAsync(Stream.Null, patience);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or InvalidDataException)
        {
            // It ended it.
        }
    }

    private static int Count(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> marker)
    {
        int count = 0;
        for (int at = bytes.IndexOf(marker); at >= 0; at = bytes.IndexOf(marker))
        {
            count++;
            bytes = bytes[(at + marker.Length)..];
        }

        return count;
    }

    private void Leave(Leaving how)
    {
        if (how == Leaving.HalfClose)
        {
            _socket!.Shutdown(SocketShutdown.Send);
            return;
        }

        if (how == Leaving.Reset)
        {
            _socket!.LingerState = new LingerOption(true, 0);
        }

        _socket!.Close();
    }
}
