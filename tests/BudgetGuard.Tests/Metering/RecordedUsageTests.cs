using System.Globalization;
using System.Text.Json;

namespace BudgetGuard.Tests.Metering;

public sealed class RecordedUsageTests
{
    /// <summary>Recorded answers of wire formats that are not read yet, or that are no model calls; whoever reads one takes it off this list.</summary>
    private static readonly HashSet<string> NotYet =
    [
        "openai/responses-input-tokens-count.json", "openai/images-dalle-no-usage.json", "openai/images-gpt-image.json",
        "openai/transcription-duration.json", "openai/transcription-tokens.json", "openai/translation-no-usage.json",
        "anthropic/count-tokens.json", "gemini/count-tokens.json", "gemini/cached-contents-create.json",
        "bedrock/invoke-claude.json", "bedrock/invoke-titan.json", "bedrock/invoke-llama.json",
        "cohere/v2-chat-basic.json", "cohere/v2-chat-cached.json", "cohere/v1-chat.json", "cohere/rerank.json", "cohere/embed.json",
        "ollama/chat.json", "ollama/chat-no-prompt-eval-count.json", "voyage/rerank.json",
        "openai/images-gpt-image-stream.sse", "openai/transcription-stream.sse", "openai/speech-stream.sse", "openai/realtime-response-done.json",
        "gemini/live-usage.json", "cohere/v2-chat-stream.sse", "bedrock/converse-stream.bin", "bedrock/converse-stream-claude.bin",
        "bedrock/invoke-claude-stream.bin", "ollama/chat-stream.ndjson",
    ];

    [SharedDataFact]
    public void Reader_of_every_recorded_answer_gives_the_usage_it_really_had()
    {
        var folder = Path.Combine(SharedData.Folder!, "usage");
        using var expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected.json")));
        var unread = new HashSet<string>(NotYet);
        var read = 0;
        foreach (var row in expected.RootElement.EnumerateObject())
        {
            if (row.Name.StartsWith('_') || unread.Remove(row.Name))
            {
                continue;
            }

            var body = File.ReadAllBytes(Path.Combine(folder, row.Name));
            var api = ApiOf(row.Value.GetProperty("api").GetString()!);
            var whole = Answers.Read(api, body);
            Check(row.Name, row.Value, whole);
            for (var at = 1; IsSplit(row.Name, body) && at < body.Length; at += body.Length > 20_000 ? 7 : 1)
            {
                Check($"{row.Name} split at {at}", row.Value, Answers.Read(api, body[..at], body[at..]));
            }

            read++;
        }

        Assert.Empty(unread);
        Assert.Equal(96, read);
    }

    private static bool IsSplit(string file, byte[] body) => body.Length < 3000 || file.Contains("stream", StringComparison.Ordinal);

    private static string ApiOf(string recorded) => recorded switch
    {
        "openai.completions" or "anthropic.messages" or "bedrock.converse" => recorded,
        "gemini.generateContent" or "vertex.generateContent" => "gemini.generate",
        "ollama.openai" => "openai.chat",
        _ when recorded.EndsWith(".chat", StringComparison.Ordinal) => "openai.chat",
        _ when recorded.EndsWith(".responses", StringComparison.Ordinal) => "openai.responses",
        _ when recorded.EndsWith(".embeddings", StringComparison.Ordinal) => "openai.embeddings",
        _ => throw new InvalidOperationException($"No reader for {recorded}: build it or list the file as not yet read."),
    };

    private static void Check(string file, JsonElement row, TokenUsage? usage)
    {
        var expected = row.GetProperty("usage");
        if (expected.ValueKind == JsonValueKind.Null)
        {
            Assert.True(usage is null, file);
            return;
        }

        Assert.True(usage is not null, file);
        if (row.TryGetProperty("iterations_billable", out var iterations))
        {
            CheckIterations(file, iterations, usage);
            return;
        }

        Assert.Null(usage.Parts);
        Equal("input_total", usage.InputTokens);
        Equal("output_total", usage.OutputTokens);
        Equal("cache_read", usage.CacheReadTokens);
        Equal("cache_write", usage.CacheWriteTokens + usage.CacheWrite1hTokens);
        Equal("cache_write_1h", usage.CacheWrite1hTokens);
        Equal("reasoning", usage.ReasoningTokens);
        Equal("input_audio", usage.AudioInputTokens);
        Equal("input_image", usage.ImageInputTokens);
        Equal("output_audio", usage.AudioOutputTokens);
        Equal("output_image", usage.ImageOutputTokens);
        Equal("cache_read_audio", usage.CachedAudioInputTokens);
        Assert.True(row.TryGetProperty("model_from", out _) || usage.Model == row.GetProperty("model").GetString(), file);
        Assert.True(!row.TryGetProperty("service_tier", out var tier) || usage.ServiceTier == tier.GetString(), file);
        var cost = row.TryGetProperty("reported_cost_usd", out var usd) && !file.StartsWith("anthropic/", StringComparison.Ordinal)
            ? decimal.Parse(usd.GetString()!, CultureInfo.InvariantCulture)
            : (decimal?)null;
        Assert.True(cost == usage.ReportedCostUsd, file);
        var searches = row.TryGetProperty("server_tools", out var tools) ? tools.GetProperty("web_search").GetInt64() : 0;
        Assert.True(searches == usage.WebSearches, file);

        void Equal(string field, long actual)
        {
            var wanted = expected.TryGetProperty(field, out var value) ? value.GetInt64() : 0;
            Assert.True(wanted == actual, $"{file}: {field} is {wanted}, read as {actual}");
        }
    }

    private static void CheckIterations(string file, JsonElement iterations, TokenUsage usage)
    {
        Assert.Equal(iterations.EnumerateArray().Sum(Input), usage.InputTokens);
        Assert.Equal(iterations.EnumerateArray().Sum(static call => call.GetProperty("output").GetInt64()), usage.OutputTokens);
        var calls = iterations.EnumerateArray().GroupBy(static call => call.GetProperty("model").GetString());
        var parts = usage.Parts ?? [usage];
        Assert.True(calls.Count() == parts.Count, file);
        foreach (var call in calls)
        {
            var part = parts.Single(part => part.Model == call.Key);
            Assert.Equal(call.Sum(Input), part.InputTokens);
            Assert.Equal(call.Sum(static one => one.GetProperty("output").GetInt64()), part.OutputTokens);
        }

        static long Input(JsonElement call) =>
            call.GetProperty("input").GetInt64() + (call.TryGetProperty("cache_read", out var read) ? read.GetInt64() : 0);
    }
}
