using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace BudgetGuard.Tests.Alerts.Faults;

/// <summary>
/// A receiver on a bare socket, so that it can misbehave below HTTP, and so that nothing in the process tells of what it was sent: a server of ASP.NET Core has
/// activities and event sources of its own.
/// </summary>
internal sealed class FaultyReceiver : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time;
    private readonly X509Certificate2? _certificate;
    private readonly CancellationTokenSource _over = new();
    private readonly ConcurrentQueue<string> _received = new();
    private readonly ConcurrentBag<Task> _serving = [];
    private readonly SemaphoreSlim _news = new(0);
    private Socket _socket = NewSocket();
    private Fault _fault;

    private FaultyReceiver(Fault fault, TimeProvider time, X509Certificate2? certificate)
    {
        _time = time;
        _certificate = certificate;
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
        _fault = fault;
        if (fault != Fault.Refuses)
        {
            Listen();
        }
    }

    public int Port { get; }

    public string Url => $"http://127.0.0.1:{Port}/alerts";

    /// <summary>The heads and bodies of all requests so far, pings aside.</summary>
    public IReadOnlyCollection<string> Received => _received;

    /// <summary>Starts one; with a certificate it speaks TLS.</summary>
    public static FaultyReceiver Start(Fault fault, TimeProvider? time = null, X509Certificate2? certificate = null) =>
        new(fault, time ?? TimeProvider.System, certificate);

    /// <summary>What is wrong from the next request on.</summary>
    public void Set(Fault fault)
    {
        if (_fault == Fault.Refuses)
        {
            // It was bound without listening, so that nobody else could take its port.
            Listen();
        }
        else if (fault == Fault.Refuses)
        {
            _socket.Dispose();
            _socket = NewSocket();
        }

        _fault = fault;
    }

    /// <summary>Waits until so many requests came.</summary>
    public async Task WaitForAsync(int count)
    {
        using CancellationTokenSource patience = new(Patience);
        while (_received.Count < count)
        {
            await _news.WaitAsync(patience.Token);
        }
    }

    /// <summary>Waits as long as a request over the loopback takes now.</summary>
    public async Task PingAsync()
    {
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, Port, _over.Token);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), _over.Token);
        await stream.ReadExactlyAsync(new byte[12], _over.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _socket.Dispose();
        await Task.WhenAll(_serving).WaitAsync(Patience);
        _over.Dispose();
        _news.Dispose();
    }

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private void Listen()
    {
        _socket.Listen(512);
        _serving.Add(AcceptAsync(_socket));
    }

    private async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                _serving.Add(ServeAsync(await listener.AcceptAsync(_over.Token)));
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // It was told to.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await using NetworkStream network = new(socket, ownsSocket: true);
        try
        {
            Stream stream = network;
            if (_certificate is not null)
            {
                SslStream secured = new(network);
                await secured.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _over.Token);
                stream = secured;
            }

            string request = await ReadAsync(stream);
            bool isPing = request.StartsWith("GET / ", StringComparison.Ordinal);
            Fault fault = isPing ? Fault.None : _fault;
            if (!isPing)
            {
                _received.Enqueue(request);
                _news.Release();
            }

            await AnswerAsync(socket, stream, fault, request);
        }
        catch (Exception gone) when (gone is IOException or SocketException or OperationCanceledException or ObjectDisposedException
            or System.Security.Authentication.AuthenticationException)
        {
            // The caller has left, or the test is over.
        }
    }

    private async Task AnswerAsync(Socket socket, Stream stream, Fault fault, string request)
    {
        switch (fault)
        {
            case Fault.Hangs:
                await stream.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, _over.Token);
                break;
            case Fault.Resets:
                socket.LingerState = new LingerOption(true, 0);
                break;
            case Fault.DripsHead:
                await DripAsync(stream, Head("200 OK"));
                break;
            case Fault.DripsBody:
                await WriteAsync(stream, Head("500 Oops", length: 1_000));
                await DripAsync(stream, new string('x', 1_000));
                break;
            case Fault.EndlessFailure or Fault.EndlessSuccess:
                await WriteAsync(stream, Head(fault == Fault.EndlessSuccess ? "200 OK" : "500 Oops", length: null));
                await FloodAsync(stream);
                break;
            case Fault.Answers500:
                // As some do, with what was wrong with it.
                await WriteAsync(stream, Head("500 Oops", Encoding.ASCII.GetByteCount(request)) + request);
                break;
            default:
                await WriteAsync(stream, Head(fault switch
                {
                    Fault.Answers429 => "429 Slow\r\nRetry-After: 7",
                    Fault.Redirects => "302 There\r\nLocation: /elsewhere",
                    _ => "200 OK",
                }));
                break;
        }
    }

    private static string Head(string status, int? length = 0) =>
        $"HTTP/1.1 {status}\r\nConnection: close\r\n{(length is null ? "" : string.Create(CultureInfo.InvariantCulture, $"Content-Length: {length}\r\n"))}\r\n";

    private async Task WriteAsync(Stream stream, string text) => await stream.WriteAsync(Encoding.ASCII.GetBytes(text), _over.Token);

    private async Task DripAsync(Stream stream, string text)
    {
        using PeriodicTimer seconds = new(TimeSpan.FromSeconds(1), _time);
        foreach (char one in text)
        {
            await WriteAsync(stream, one.ToString());
            await seconds.WaitForNextTickAsync(_over.Token);
        }
    }

    private async Task FloodAsync(Stream stream)
    {
        byte[] flood = new byte[16 * 1024];
        while (true)
        {
            await stream.WriteAsync(flood, _over.Token);
        }
    }

    private async Task<string> ReadAsync(Stream stream)
    {
        StringBuilder text = new();
        byte[] buffer = new byte[4 * 1024];
        while (true)
        {
            int read = await stream.ReadAsync(buffer, _over.Token);
            if (read == 0)
            {
                throw new IOException("The caller has left.");
            }

            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
            string request = text.ToString();
            int end = request.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0 && Encoding.UTF8.GetByteCount(request.AsSpan(end + 4)) >= LengthOf(request[..end]))
            {
                return request;
            }
        }
    }

    private static int LengthOf(string head)
    {
        foreach (string line in head.Split("\r\n"))
        {
            if (line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
            {
                return int.Parse(line.AsSpan("Content-Length:".Length), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture);
            }
        }

        return 0;
    }
}
