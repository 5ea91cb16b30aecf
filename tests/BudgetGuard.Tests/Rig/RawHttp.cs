using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace BudgetGuard.Tests.Rig;

/// <summary>Writes the bytes of a message as they are to a server and reads all it answers until it closes the connection.</summary>
internal static partial class RawHttp
{
    /// <summary>Only a server that neither answers nor closes meets it: the test has failed then.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>A request as alice on a connection that the server closes. Every character is one byte.</summary>
    public static string Request(string method, string target, string headers = "X-User-ID: alice\r\n", string body = "{}") =>
        $"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {body.Length}\r\n\r\n{body}";

    public static async Task<string> SendAsync(Uri address, string message)
    {
        using CancellationTokenSource patience = new(Patience);
        using TcpClient client = new();
        await client.ConnectAsync(address.Host, address.Port, patience.Token);
        NetworkStream stream = client.GetStream();
        MemoryStream answer = new();
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(message), patience.Token);
            await stream.CopyToAsync(answer, patience.Token);
        }
        catch (IOException)
        {
            // A server that refuses a message resets the connection; what it answered before counts.
        }

        return Encoding.Latin1.GetString(answer.ToArray());
    }

    /// <summary>The status codes of all answers on the connection.</summary>
    public static int[] Statuses(string answer) => [.. StatusLine().Matches(answer).Select(match => int.Parse(match.Groups[1].ValueSpan, provider: null))];

    /// <summary>The status of the only answer; 0 where the server closed the connection without one.</summary>
    public static async Task<int> StatusAsync(Uri address, string message) => Statuses(await SendAsync(address, message)).SingleOrDefault();

    [GeneratedRegex(@"HTTP/1\.1 (\d{3})")]
    private static partial Regex StatusLine();
}
