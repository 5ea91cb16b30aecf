using System.Buffers.Binary;
using System.Text;

namespace BudgetGuard.Tests.Metering;

/// <summary>Makes frames of Amazon's event streams.</summary>
internal static class Frames
{
    public static byte[] Of(string payload) => Of(Encoding.UTF8.GetBytes(payload));

    public static byte[] Wrapped(string json) => Of($"{{\"bytes\":\"{Convert.ToBase64String(Encoding.UTF8.GetBytes(json))}\",\"p\":\"abc\"}}");

    public static byte[] Of(byte[] payload)
    {
        byte[] headers = [11, .. ":event-type"u8, 7, 0, 5, .. "chunk"u8];
        var frame = new byte[12 + headers.Length + payload.Length + 4];
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), headers.Length);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(8), Crc(frame.AsSpan(0, 8)));
        headers.CopyTo(frame, 12);
        payload.CopyTo(frame, 12 + headers.Length);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(frame.Length - 4), Crc(frame.AsSpan(0, frame.Length - 4)));
        return frame;
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var sum = 0xFFFF_FFFFu;
        foreach (var next in bytes)
        {
            var low = (sum ^ next) & 0xFF;
            for (var bit = 0; bit < 8; bit++)
            {
                low = (low & 1) == 0 ? low >> 1 : (low >> 1) ^ 0xEDB8_8320u;
            }

            sum = (sum >> 8) ^ low;
        }

        return sum ^ 0xFFFF_FFFFu;
    }
}
