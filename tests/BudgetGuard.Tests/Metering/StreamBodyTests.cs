using System.Text;
using BudgetGuard.Metering;
using CsCheck;

namespace BudgetGuard.Tests.Metering;

public sealed class StreamBodyTests
{
    private const string Fake = """\"}}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2}}\n\ndata: [DONE]\n\n""";

    /// <summary>Streams of 1000 tokens in and 50 out, with fakes in what the model wrote; each with the bytes of text it wrote.</summary>
    private static readonly Dictionary<string, (string Api, string Body, int Written)> Streams = new()
    {
        ["chat"] = ("openai.chat", $$$$"""
            : hello

            data: {"model":"m","choices":[{"delta":{"role":"assistant","content":"{{{{Fake}}}}"}}],"usage":null}

            event: x
            data:{"choices":[{"delta":{"content":"é\u20ac\\","tool_calls":[{"function":{"name":"f","arguments":"{\"usage\":1}"}}],"usage":{"prompt_tokens":7} }}]}
            id: 7

            data: {"choices":[],
            data: "usage":{"prompt_tokens":1000,
            data: "completion_tokens":50,"total_tokens":1050},"model":"m"}

            data: [DONE]


            """, Unescaped(Fake) + 6 + 1 + 11),
        ["responses"] = ("openai.responses", $$$$"""
            data: {"type":"response.created","response":{"usage":null,"model":"m"}}

            data: {"type":"response.output_text.delta","delta":"{{{{Fake}}}}"}

            data: {"type":"response.output_text.done","text":"{{{{Fake}}}}"}

            data: {"type":"response.completed","response":{"output":[{"usage":{"input_tokens":1},"content":[{"text":"{{{{Fake}}}}"}]}],"model":"m","usage":{"input_tokens":1000,"output_tokens":50,"total_tokens":1050}}}


            """, Unescaped(Fake)),
        ["anthropic"] = ("anthropic.messages", $$$$"""
            data: {"type":"message_start","message":{"model":"m","content":[],"usage":{"input_tokens":400,"cache_read_input_tokens":600,"output_tokens":1}}}

            data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"{{{{Fake}}}}"}}

            data: {"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{\"type\":\"message_stop\"}"}}

            data: {"type":"message_delta","delta":{},"usage":{"cache_read_input_tokens":null,"output_tokens":50}}

            data: {"type":"message_stop"}


            """, Unescaped(Fake) + 23),
        ["gemini"] = ("gemini.generate", $$$$"""
            [{"candidates":[{"content":{"parts":[{"text":"{{{{Fake}}}}"}]}}],"usageMetadata":{"promptTokenCount":1000,"candidatesTokenCount":9,"totalTokenCount":1009}}
            ,
            {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":1}}}]},"groundingMetadata":{"text":"no"}}],"usageMetadata":{"promptTokenCount":1000,"candidatesTokenCount":50,"totalTokenCount":1050}}]
            """, Unescaped(Fake) + 1 + 6),
    };

    public static TheoryData<string> Names => [.. Streams.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void T112_Stream_in_pieces_of_any_size_and_with_lines_of_any_ending_gives_its_usage_and_no_fake(string name)
    {
        var (api, body, written) = Streams[name];
        foreach (var ending in new[] { "\n", "\r\n", "\r" })
        {
            var bytes = Encoding.UTF8.GetBytes("\uFEFF" + body.ReplaceLineEndings(ending));
            for (var at = 1; at < bytes.Length; at++)
            {
                Check(api, [bytes[..at], bytes[at..]], written);
            }

            Check(api, [.. bytes.Chunk(1)], written);
            Gen.Int[1, 60].Array[1, 50].Sample(sizes => Check(api, [.. Cut(bytes, sizes)], written), iter: 200);
        }
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("x-gzip")]
    [InlineData("deflate")]
    [InlineData("raw")]
    [InlineData("br")]
    public void T111_Compressed_stream_in_pieces_of_any_size_is_read_before_its_end(string encoding)
    {
        var (api, text, written) = Streams["chat"];
        foreach (var flushEvery in new[] { 50, int.MaxValue })
        {
            var packed = Packed.Pack(encoding == "x-gzip" ? "gzip" : encoding, Encoding.UTF8.GetBytes(text), flushEvery);
            foreach (var size in new[] { 1, 2, 3, 7, 100, packed.Length })
            {
                var body = new AnswerBody(Inflater.Of(encoding == "raw" ? "deflate" : encoding), isLines: false, isEvents: true);
                Check(body, api, [.. packed.Chunk(size)], written);
            }
        }
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    public void T111_Bomb_and_broken_data_end_the_reading(string encoding)
    {
        var bomb = Packed.Pack(encoding, [.. "data: "u8, .. new byte[50_000_000]]);
        var broken = Packed.Pack(encoding, Streams["chat"].Body);
        broken.AsSpan(broken.Length / 2).Fill(0xFF);
        foreach (var bytes in new[] { bomb, broken, [8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF] })
        {
            var body = new AnswerBody(Inflater.Of(encoding), isLines: false, isEvents: true);
            foreach (var piece in bytes.Chunk(100))
            {
                body.Feed(piece);
            }

            Assert.True(body.IsBroken || body.Usage(new UsageReaders([]).For("openai.chat")) is null);
            Assert.True(body.IsBroken || bytes != bomb);
            body.Discard();
        }
    }

    [Fact]
    public void T112_Long_stream_and_a_line_without_end_are_read_in_constant_memory()
    {
        var delta = Encoding.UTF8.GetBytes("data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"}}],\"usage\":null}\n\n");
        var usage = Encoding.UTF8.GetBytes($"data: {{\"choices\":[],\"usage\":{RandomAnswers.Usage}}}\n\ndata: [DONE]\n\n");
        var line = new byte[10_000];
        line.AsSpan().Fill((byte)'x');
        var readers = new UsageReaders([]).For("openai.chat");
        for (var round = 0; round < 2; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var body = new AnswerBody(null, isLines: false, isEvents: true);
            for (var bytes = 0; bytes < 10_000_000; bytes += delta.Length)
            {
                body.Feed(delta);
            }

            body.Feed("data: {\"choices\":[{\"delta\":{\"content\":\""u8);
            for (var bytes = 0; bytes < 10_000_000; bytes += line.Length)
            {
                body.Feed(line);
            }

            body.Feed("\"}}]}\n\n"u8);
            body.Feed(usage);
            Assert.True(body.IsOver);
            Assert.Equal(1000, body.Usage(readers)?.InputTokens);
            body.Discard();
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 128 * 1024);
        }
    }

    private static int Unescaped(string text) => Encoding.UTF8.GetByteCount(text.Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\n", "\n", StringComparison.Ordinal));

    private static void Check(string api, byte[][] pieces, int written) => Check(new AnswerBody(null, isLines: false, isEvents: false), api, pieces, written);

    private static void Check(AnswerBody body, string api, byte[][] pieces, int written)
    {
        foreach (var piece in pieces)
        {
            if (!body.IsOver)
            {
                body.Feed(piece);
            }
        }

        Assert.True(body is { IsOver: true, IsStream: true, IsBroken: false });
        var usage = body.Usage(new UsageReaders([]).For(api))!;
        Assert.Equal((1000, 50, "m"), (usage.InputTokens, usage.OutputTokens, usage.Model ?? "m"));
        var progress = body.Progress(usage)!.Value;
        Assert.Equal((written, 0), (progress.Written.Bytes, progress.WrittenSince.Bytes));
        body.Discard();
    }

    private static IEnumerable<byte[]> Cut(byte[] bytes, int[] sizes)
    {
        for (int at = 0, i = 0; at < bytes.Length; i++)
        {
            var size = Math.Min(sizes[i % sizes.Length], bytes.Length - at);
            yield return bytes[at..(at + size)];
            at += size;
        }
    }
}
