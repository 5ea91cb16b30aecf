using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace BudgetGuard.Tests.Rig;

/// <summary>Sends one request over HTTP/2 without TLS, its header fields as they are: a client library would tidy them up.</summary>
internal static class RawHttp2
{
    private const byte Headers = 1;
    private const byte Reset = 3;
    private const byte Settings = 4;
    private const byte GoAway = 7;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Sends a request without a body and gives the status; 0 where the server reset the stream or the connection.</summary>
    public static async Task<int> StatusAsync(Uri address, string method, string path, params (string Name, string Value)[] headers)
    {
        using CancellationTokenSource patience = new(Patience);
        using TcpClient client = new();
        await client.ConnectAsync(address.Host, address.Port, patience.Token);
        NetworkStream stream = client.GetStream();
        MemoryStream block = new();
        foreach ((string name, string value) in (IEnumerable<(string, string)>)
            [(":method", method), (":scheme", "http"), (":authority", "localhost"), (":path", path), .. headers])
        {
            block.WriteByte(0);
            WriteText(block, name);
            WriteText(block, value);
        }

        MemoryStream message = new();
        message.Write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8);
        WriteFrame(message, Settings, 0, 0, []);
        WriteFrame(message, Headers, flags: 0x5, stream: 1, block.ToArray());
        await stream.WriteAsync(message.ToArray(), patience.Token);
        return await ReadStatusAsync(stream, patience.Token);
    }

    private static async Task<int> ReadStatusAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        byte[] head = new byte[9];
        while (true)
        {
            try
            {
                await stream.ReadExactlyAsync(head, cancellationToken);
            }
            catch (IOException)
            {
                return 0;
            }

            byte[] payload = new byte[(head[0] << 16) | (head[1] << 8) | head[2]];
            await stream.ReadExactlyAsync(payload, cancellationToken);
            switch (head[3])
            {
                case Headers:
                    return StatusOf(payload);
                case Reset or GoAway:
                    return 0;
                case Settings when head[4] == 0:
                    MemoryStream acknowledged = new();
                    WriteFrame(acknowledged, Settings, flags: 1, stream: 0, []);
                    await stream.WriteAsync(acknowledged.ToArray(), cancellationToken);
                    break;
            }
        }
    }

    /// <summary>The status is the first field: one of the static table, or its digits as a literal.</summary>
    private static int StatusOf(ReadOnlySpan<byte> block)
    {
        // A change of the dynamic table's size may come first.
        while ((block[0] & 0xE0) == 0x20)
        {
            block = (block[0] & 0x1F) == 0x1F ? block[3..] : block[1..];
        }

        return (block[0] & 0x80) != 0
            ? (block[0] & 0x7F) switch { 8 => 200, 9 => 204, 10 => 206, 11 => 304, 12 => 400, 13 => 404, 14 => 500, _ => throw new InvalidDataException("No status.") }
            : int.Parse(Encoding.ASCII.GetString(block.Slice(2, 3)), provider: null);
    }

    private static void WriteFrame(MemoryStream target, byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        Span<byte> head = stackalloc byte[9];
        head[0] = (byte)(payload.Length >> 16);
        head[1] = (byte)(payload.Length >> 8);
        head[2] = (byte)payload.Length;
        head[3] = type;
        head[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(head[5..], stream);
        target.Write(head);
        target.Write(payload);
    }

    private static void WriteText(MemoryStream target, string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        int rest = bytes.Length;
        if (rest < 0x7F)
        {
            target.WriteByte((byte)rest);
        }
        else
        {
            target.WriteByte(0x7F);
            for (rest -= 0x7F; rest >= 0x80; rest >>= 7)
            {
                target.WriteByte((byte)(rest | 0x80));
            }

            target.WriteByte((byte)rest);
        }

        target.Write(bytes);
    }
}
