using BudgetGuard.Metering;

namespace BudgetGuard.Tests.Metering;

public sealed class BlockSkipperTests
{
    [Fact]
    public void Skipper_in_pieces_of_any_size_ends_where_a_byte_by_byte_walk_ends()
    {
        var random = new Random(112);
        var alphabets = new[] { "\\\"a", "\\\\\\\"{}", "{}[]ab,:", "{{{[[[}\"", "\\\"{}[]abcdefghijklmnopqrstuvwxyz" };
        for (var round = 0; round < 20_000; round++)
        {
            var alphabet = alphabets[round % alphabets.Length];
            var text = new byte[random.Next(1, 400)];
            for (var i = 0; i < text.Length; i++)
            {
                text[i] = (byte)alphabet[random.Next(alphabet.Length)];
            }

            var size = random.Next(1, 200);
            var skipper = BlockSkipper.Opened();
            var at = 0;
            while (at < text.Length && skipper.IsOpen)
            {
                var piece = text.AsSpan(at, Math.Min(size, text.Length - at));
                var used = skipper.Skip(piece);
                Assert.True(used == piece.Length || !skipper.IsOpen);
                at += used;
            }

            Assert.Equal(End(text), skipper.IsOpen ? -1 : at);
        }
    }

    private static int End(byte[] text)
    {
        var depth = 1;
        var inString = false;
        var escaped = false;
        for (var i = 0; i < text.Length; i++)
        {
            var wasEscaped = escaped;
            escaped = text[i] == '\\' && !wasEscaped;
            inString ^= text[i] == '"' && !wasEscaped;
            if (!inString && text[i] is (byte)'{' or (byte)'[' or (byte)'}' or (byte)']')
            {
                depth += text[i] is (byte)'{' or (byte)'[' ? 1 : -1;
            }

            if (depth == 0)
            {
                return i + 1;
            }
        }

        return -1;
    }
}
