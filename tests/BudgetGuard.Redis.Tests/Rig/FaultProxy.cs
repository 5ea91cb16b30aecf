using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace BudgetGuard.Redis.Tests;

/// <summary>Stands between a node and Redis, and does what networks do.</summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, byte> _connections = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private volatile int _target;
    private volatile bool _dropsReplies;
    private volatile bool _refuses;

    public FaultProxy(int target)
    {
        _target = target;
        _listener.Start();
        _running = AcceptAsync();
    }

    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>While true requests arrive, and their answers do not.</summary>
    public bool DropsReplies
    {
        get => _dropsReplies;
        set => _dropsReplies = value;
    }

    /// <summary>While true every connection is closed.</summary>
    public bool Refuses
    {
        get => _refuses;
        set
        {
            _refuses = value;
            if (value)
            {
                CloseAll();
            }
        }
    }

    /// <summary>From now on another server answers.</summary>
    public void SwitchTo(int port)
    {
        _target = port;
        CloseAll();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        CloseAll();
        await _running;
        _stopping.Dispose();
    }

    private void CloseAll()
    {
        foreach (TcpClient connection in _connections.Keys)
        {
            connection.Close();
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                if (_refuses)
                {
                    client.Close();
                    continue;
                }

                _ = PassAsync(client);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end of the test.
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using var server = new TcpClient();
        _connections.TryAdd(client, 0);
        _connections.TryAdd(server, 0);
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _target);
            await Task.WhenAny(CopyAsync(client.GetStream(), server.GetStream(), isReply: false), CopyAsync(server.GetStream(), client.GetStream(), isReply: true));
        }
        catch (Exception gone) when (gone is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // One of the two ends has left.
        }
        finally
        {
            _connections.TryRemove(client, out _);
            _connections.TryRemove(server, out _);
            client.Close();
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to, bool isReply)
    {
        byte[] buffer = new byte[65_536];
        try
        {
            int read;
            while ((read = await from.ReadAsync(buffer)) > 0)
            {
                if (!isReply || !_dropsReplies)
                {
                    await to.WriteAsync(buffer.AsMemory(0, read));
                }
            }
        }
        catch (Exception gone) when (gone is IOException or SocketException or ObjectDisposedException)
        {
            // One of the two ends has left.
        }
    }
}
