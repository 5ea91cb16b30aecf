using System.Net.Sockets;
using System.Text;

namespace BudgetGuard.Gateway.Tests.Rig;

/// <summary>Writes the bytes of a message as they are to a server and reads all it answers until it closes the connection.</summary>
internal static class RawHttp
{
    public static string Post(string path, string headers, string body) =>
        $"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-User-ID: alice\r\nContent-Type: application/json\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";

    public static async Task<string> SendAsync(Uri address, string message)
    {
        using CancellationTokenSource patience = new(FakeProvider.Patience);
        using TcpClient client = new();
        await client.ConnectAsync(address.Host, address.Port, patience.Token);
        NetworkStream stream = client.GetStream();
        MemoryStream answer = new();
        try
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(message), patience.Token);
            await stream.CopyToAsync(answer, patience.Token);
        }
        catch (IOException)
        {
            // A server that refuses a message resets the connection; what it answered before counts.
        }

        return Encoding.UTF8.GetString(answer.ToArray());
    }

    /// <summary>The status of the first answer; 0 where the server closed the connection without one.</summary>
    public static int StatusOf(string answer) =>
        answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) ? int.Parse(answer.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture) : 0;
}
