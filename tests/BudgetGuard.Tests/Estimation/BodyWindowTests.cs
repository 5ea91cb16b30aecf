using System.Text;
using BudgetGuard.Estimation;
using BudgetGuard.Identification;

namespace BudgetGuard.Tests.Estimation;

/// <summary>A window that never grows reads what one piece reads, however the body is cut.</summary>
public sealed class BodyWindowTests
{
    private const int Size = 1023;

    [Theory]
    [InlineData("a plain letter", "x")]
    [InlineData("a letter of two bytes", "é")]
    [InlineData("a letter of four bytes", "😀")]
    [InlineData("an escape", "\\n")]
    [InlineData("a backslash", "\\\\")]
    [InlineData("a quote", "\\\"")]
    [InlineData("a code", "\\u00e9")]
    [InlineData("all of them", "a\\\\é\\\"\\u0041😀\\/")]
    public void Strings_of_any_length_are_counted_as_in_one_piece(string what, string piece)
    {
        var random = new Random(58);
        foreach (int length in (int[])[0, 900, 1000, 1010, 1020, 1021, 1022, 1023, 1024, 1025, 2046, 2047, 5_000, 70_000])
        {
            for (int shift = 0; shift < 8; shift++)
            {
                string text = new string('.', shift) + string.Concat(Enumerable.Repeat(piece, length / piece.Length));
                string body = $$$"""{"max_tokens":7,"messages":[{"role":"user","content":"{{{text}}}"},{"content":["{{{text}}}", "b"]}],"user":"{{{text}}}","tools":[{"type":"function","function":{"name":"f","description":"{{{text}}}"}}],"model":"m"}""";
                Assert.Null(ModelRequestReader.TryRead(Encoding.UTF8.GetBytes(body), ModelApis.OpenAIChat, null, out ModelRequest? whole));
                Assert.Null(Read(body, random, out ModelRequest? parts));
                Assert.True(whole == parts, $"{what}, {length} bytes shifted by {shift}: {whole} in one piece, {parts} in parts");
            }
        }
    }

    [Fact]
    public void Pairs_of_codes_are_counted_at_least_as_in_one_piece()
    {
        for (int shift = 0; shift < 12; shift++)
        {
            string body = $$"""{"model":"m","messages":[{"content":"{{new string('.', shift)}}{{string.Concat(Enumerable.Repeat("\\ud83d\\ude00", 2_000))}}"}]}""";
            Assert.Null(ModelRequestReader.TryRead(Encoding.UTF8.GetBytes(body), ModelApis.OpenAIChat, null, out ModelRequest? whole));
            Assert.Null(Read(body, new Random(shift), out ModelRequest? parts));
            Assert.InRange(parts!.TextBytes, whole!.TextBytes, whole.TextBytes + 100);
        }
    }

    [Fact]
    public void Long_images_and_media_stay_what_they_are()
    {
        string image = "iVBORw0KGgoAAAANSUhEUgAA" + new string('A', 20_000);
        string sound = "UklGRiQAAABXQVZFZm10IBAA" + new string('A', 20_000);
        string body = $$$"""{"model":"m","messages":[{"content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{image}}}"}},{"type":"input_audio","input_audio":{"data":"{{{sound}}}"}}]}]}""";
        Assert.Null(ModelRequestReader.TryRead(Encoding.UTF8.GetBytes(body), ModelApis.OpenAIChat, null, out ModelRequest? whole));
        Assert.Null(Read(body, new Random(1), out ModelRequest? parts));
        Assert.Equal((whole!.Images, whole.TextBytes), (parts!.Images, parts.TextBytes));
        Assert.Equal(1, parts.Images);
        Assert.InRange(parts.MediaBytes, whole.MediaBytes, whole.MediaBytes + 100);
        Assert.True(whole.MediaBytes > 15_000);
    }

    [Fact]
    public void Endless_space_takes_no_room()
    {
        string space = new(' ', 10_000);
        Assert.Null(Read($$"""{{space}}{"model"{{' '}}:{{space}}"m"{{space}},{{space}}"messages"{{' '}}:{{space}}[{{space}}{"content":"ab"}{{space}},{{space}}{"content":"c"}{{space}}]{{space}}}{{space}}""", new Random(2), out ModelRequest? request));
        Assert.Equal(("m", 3L, 2), (request!.Model, request.TextBytes, request.Messages));
    }

    [Theory]
    [InlineData("a number", """{"model":"m","n":1""", "1", "}")]
    [InlineData("a number behind a comma", """{"model":"m","x":[1,1""", "1", "]}")]
    [InlineData("a name", """{"model":"m","x""", "x", "\":1}")]
    [InlineData("the model", """{"model":"m""", "m", "\"}")]
    [InlineData("space before a colon", """{"model":"m","n" """, " ", ":1}")]
    [InlineData("a string that does not end", """{"model":"m","messages":["x""", "x", "")]
    [InlineData("a string with a bad escape", """{"model":"m","messages":["x""", "x", "\\x\"]}")]
    [InlineData("a string with a bad code", """{"model":"m","messages":["x""", "x", "\\u00g0\"]}")]
    [InlineData("a string with a line end", """{"model":"m","messages":["x""", "x", "\n\"]}")]
    [InlineData("a string that ends in an escape", """{"model":"m","messages":["x""", "x", "\\")]
    [InlineData("no text before a string", ""","x""", "x", "\"")]
    [InlineData("a string alone", "\"x", "x", "\"")]
    public void What_is_absurd_or_no_json_is_refused(string what, string start, string piece, string end)
    {
        for (int length = 1_000; length < 1_050; length++)
        {
            ModelRequestError? error = Read(start + string.Concat(Enumerable.Repeat(piece, length * 5)) + end, new Random(length), out _);
            Assert.True(error?.Status == 400, $"{what} of {length}: {error?.Status}");
        }
    }

    private static ModelRequestError? Read(string body, Random random, out ModelRequest? request)
    {
        using BodyWindow window = new(new ModelRequestReader(ModelApis.OpenAIChat, null), Size);
        ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes(body);
        request = null;
        while (true)
        {
            Assert.InRange(window.Free.Length, 1, Size);
            int count = Math.Min(rest.Length, random.Next(1, window.Free.Length + 1));
            rest[..count].CopyTo(window.Free.Span);
            rest = rest[count..];
            if (window.Take(count) is { } error)
            {
                return error;
            }

            if (count == 0)
            {
                request = window.Finish();
                return null;
            }
        }
    }
}
