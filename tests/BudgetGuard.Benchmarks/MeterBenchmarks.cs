using System.Text;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using BudgetGuard.Metering;

namespace BudgetGuard.Benchmarks;

/// <summary>What it costs to find the usage in an answer that passes, against parsing the whole of it.</summary>
[MemoryDiagnoser]
public class MeterBenchmarks
{
    private static readonly IUsageReader Reader = new UsageReaders([]).For("openai.chat")[0];
    private byte[] _answer = [];

    /// <summary>The answers: chats of 1 KB and 2 MB, 2 MB of embeddings, 2 MB of tokens with their probabilities.</summary>
    [Params("Chat1K", "Chat2M", "Escapes2M", "Embeddings2M", "Logprobs2M")]
    public string Answer { get; set; } = string.Empty;

    [GlobalSetup]
    public void Setup()
    {
        const int large = 2_000_000;
        var payload = Answer switch
        {
            "Chat1K" => Text("The quick brown fox jumps over the lazy dog. ", 600),
            "Chat2M" => Text("The quick brown fox jumps over the lazy dog. ", large),
            "Escapes2M" => Text("if (x == \\\"a\\\") {\\n\\treturn 1;\\n}\\n", large),
            "Embeddings2M" => "\"embedding\":[" + Repeat("-0.0123456789,", large) + "0]",
            _ => "\"logprobs\":[" + Repeat("{\"token\":\" the\",\"logprob\":-0.0213,\"bytes\":[32,116],\"top_logprobs\":[]},", large) + "{}]",
        };
        _answer = Encoding.UTF8.GetBytes(
            "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1755133833,\"model\":\"gpt-4o\",\"choices\":[{" + payload + "}],"
            + "\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":377,\"total_tokens\":385,\"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":0},"
            + "\"completion_tokens_details\":{\"reasoning_tokens\":320}},\"service_tier\":\"default\",\"system_fingerprint\":null}");
    }

    /// <summary>In one piece, as an app writes it.</summary>
    [Benchmark]
    public TokenUsage? Whole() => Read(int.MaxValue);

    /// <summary>In pieces of 4 KB, as a proxy passes it on.</summary>
    [Benchmark]
    public TokenUsage? Pieces4K() => Read(4096);

    /// <summary>The peer: a parse of the whole.</summary>
    [Benchmark(Baseline = true)]
    public TokenUsage? Parse()
    {
        using var document = JsonDocument.Parse(_answer);
        return Reader.Read(document.RootElement);
    }

    private static string Text(string sentence, int length) => "\"message\":{\"role\":\"assistant\",\"content\":\"" + Repeat(sentence, length) + "\"}";

    private static string Repeat(string text, int length) => new StringBuilder().Insert(0, text, length / text.Length).ToString();

    private TokenUsage? Read(int size)
    {
        var scanner = new AnswerScanner();
        var rest = _answer.AsSpan();
        while (!rest.IsEmpty)
        {
            var piece = rest[..Math.Min(size, rest.Length)];
            scanner.Feed(piece);
            rest = rest[piece.Length..];
        }

        using var kept = scanner.Kept();
        var usage = Reader.Read(kept.RootElement);
        scanner.Discard();
        return usage;
    }
}
