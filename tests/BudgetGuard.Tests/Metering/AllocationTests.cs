using System.Globalization;
using System.Text;
using BudgetGuard.Metering;
using BudgetGuard.Tests.Rig;

namespace BudgetGuard.Tests.Metering;

/// <summary>Streams of ten megabytes of 1000 tokens in and 50 out, and what metering them allocates.</summary>
[Collection(nameof(RunsAlone))]
public sealed class AllocationTests
{
    private const int Megabytes = 10;
    private const int MostAllocated = 128 * 1024;
    private const int PieceSize = 4096;

    private static readonly Dictionary<string, (string Api, Func<int, string> Part, string End)> Streams = new()
    {
        ["usage at the end"] = (
            "openai.chat", static i => Sse($$$"""{"id":"x","model":"m","choices":[{"index":0,"delta":{"content":" word {{{i}}}"}}],"usage":null}"""),
            Sse($$$"""{"model":"m","choices":[],"usage":{{{RandomAnswers.Usage}}}}""") + "data: [DONE]\n\n"),
        ["usage in every chunk"] = (
            "openai.chat", static i => Sse($$$"""{"model":"m","choices":[{"delta":{"content":" word {{{i}}}"}}],"usage":{"prompt_tokens":1000,"completion_tokens":{{{i % 50}}},"total_tokens":{{{1000 + i % 50}}}}}"""),
            Sse($$$"""{"model":"m","choices":[],"usage":{{{RandomAnswers.Usage}}}}""") + "data: [DONE]\n\n"),
        ["anthropic"] = (
            "anthropic.messages", static i => i == 0
                ? Sse("""{"type":"message_start","message":{"model":"m","usage":{"input_tokens":400,"cache_read_input_tokens":600,"output_tokens":1}}}""")
                : Sse($$$"""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" word {{{i}}}"}}"""),
            Sse("""{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":50}}""") + Sse("""{"type":"message_stop"}""")),
        ["frames"] = (
            "bedrock.converse", static i => $$$"""{"contentBlockIndex":0,"delta":{"text":" word {{{i}}}"},"p":"abcdefghijkl"}""",
            """{"metrics":{"latencyMs":660},"p":"abc","usage":{"inputTokens":1000,"outputTokens":50,"totalTokens":1050}}"""),
        ["wrapped frames"] = (
            "bedrock.invoke", static i => i == 0
                ? """{"type":"message_start","message":{"model":"m","usage":{"input_tokens":1000,"output_tokens":1}}}"""
                : $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" word {{{i}}}"}}""",
            """{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":1000,"outputTokenCount":50}}"""),
    };

    public static TheoryData<string, bool> Cases
    {
        get
        {
            TheoryData<string, bool> cases = [];
            foreach (var name in Streams.Keys)
            {
                cases.Add(name, false);
            }

            cases.Add("usage at the end", true);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Stream_of_ten_megabytes_is_metered_in_constant_memory(string name, bool isPacked)
    {
        var (api, part, end) = Streams[name];
        var bytes = Make(name, part, end);
        bytes = isPacked ? Packed.Pack("gzip", bytes, flushEvery: 10_000) : bytes;
        var readers = new UsageReaders([]).For(api);

        // The first round fills the pools and compiles.
        Meter(bytes[..Math.Min(bytes.Length, 100_000)], isPacked, readers);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var usage = Meter(bytes, isPacked, readers);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal((1000, 50), (usage?.InputTokens, usage?.OutputTokens));
        Assert.True(allocated < MostAllocated, string.Create(CultureInfo.InvariantCulture, $"{name}: {allocated} bytes"));
    }

    private static TokenUsage? Meter(byte[] bytes, bool isPacked, System.Collections.Immutable.ImmutableArray<IUsageReader> readers)
    {
        var body = new AnswerBody(isPacked ? Inflater.Of("gzip") : null, isLines: false, isEvents: false);
        for (var at = 0; at < bytes.Length && !body.IsOver; at += PieceSize)
        {
            body.Feed(bytes.AsSpan(at, Math.Min(PieceSize, bytes.Length - at)));
        }

        var usage = body.Usage(readers);
        body.Discard();
        return usage;
    }

    private static byte[] Make(string name, Func<int, string> part, string end)
    {
        var all = new MemoryStream();
        for (var i = 0; all.Length < Megabytes * 1024 * 1024; i++)
        {
            all.Write(Bytes(part(i)));
        }

        all.Write(Bytes(end));
        return all.ToArray();

        byte[] Bytes(string text) => name == "frames" ? Frames.Of(text) : name == "wrapped frames" ? Frames.Wrapped(text) : Encoding.UTF8.GetBytes(text);
    }

    private static string Sse(string json) => $"data: {json}\n\n";
}
