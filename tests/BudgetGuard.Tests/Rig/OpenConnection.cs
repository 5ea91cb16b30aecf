using System.Net.Sockets;
using System.Text;

namespace BudgetGuard.Tests.Rig;

/// <summary>A client that sends what it is told, reads as far as it likes, and leaves when the test says so.</summary>
internal sealed class OpenConnection : IDisposable
{
    /// <summary>Only a server that does not answer meets it: the test has failed then.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TcpClient _client = new();

    private OpenConnection()
    {
    }

    public static async Task<OpenConnection> SendAsync(Uri address, string message)
    {
        OpenConnection connection = new();
        using CancellationTokenSource patience = new(Patience);
        await connection._client.ConnectAsync(address.Host, address.Port, patience.Token);
        await connection._client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(message), patience.Token);
        return connection;
    }

    /// <summary>Reads until a text has come.</summary>
    public async Task ReadUntilAsync(string text)
    {
        using CancellationTokenSource patience = new(Patience);
        StringBuilder seen = new();
        byte[] buffer = new byte[4096];
        while (!seen.ToString().Contains(text, StringComparison.Ordinal))
        {
            int count = await _client.GetStream().ReadAsync(buffer, patience.Token);
            Assert.True(count > 0, $"The server closed after: {seen}");
            seen.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }
    }

    /// <summary>Leaves, with a reset or as a client that has said all it wants to say.</summary>
    public void Leave(bool reset)
    {
        if (reset)
        {
            _client.LingerState = new LingerOption(true, 0);
        }

        _client.Dispose();
    }

    public void Dispose() => _client.Dispose();
}
