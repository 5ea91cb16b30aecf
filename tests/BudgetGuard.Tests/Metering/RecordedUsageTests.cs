using System.Globalization;
using System.Text.Json;

namespace BudgetGuard.Tests.Metering;

public sealed class RecordedUsageTests
{
    /// <summary>Answers that tell no usage, with the reason; of these null is what is right.</summary>
    private static readonly Dictionary<string, string> Untold = new()
    {
        ["anthropic/count-tokens.json"] = "a free call that counts",
        ["gemini/count-tokens.json"] = "a free call that counts",
        ["openai/responses-input-tokens-count.json"] = "a free call that counts",
        ["gemini/vertex-blocked.json"] = "a blocked prompt costs nothing, and nothing was counted",
        ["openai/images-dalle-no-usage.json"] = "DALL-E tells no usage: the estimate is charged",
        ["openai/translation-no-usage.json"] = "translations tell no usage: the estimate is charged",
        ["openai/chat-stream-no-usage.sse"] = "the stream was not asked for its usage: what it wrote is counted",
        ["azure/chat-stream-no-usage.sse"] = "the stream was not asked for its usage: what it wrote is counted",
        ["vllm/chat-stream-no-usage.sse"] = "the stream was not asked for its usage: what it wrote is counted",
        ["openai/error-400.json"] = "an error",
        ["cohere/rerank.json"] = "searches of a rerank have no price in any table: the estimate is charged",
    };

    /// <summary>Messages of a web socket, which the middleware does not meter: each is read as a line that is an event.</summary>
    private static readonly HashSet<string> Messages = ["openai/realtime-response-done.json", "gemini/live-usage.json"];

    [SharedDataFact]
    public void Reader_of_every_recorded_answer_gives_the_usage_it_really_had()
    {
        var folder = Path.Combine(SharedData.Folder!, "usage");
        using var expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected.json")));
        var untold = new HashSet<string>(Untold.Keys);
        var read = 0;
        foreach (var row in expected.RootElement.EnumerateObject())
        {
            if (row.Name.StartsWith('_'))
            {
                continue;
            }

            var isTold = row.Value.GetProperty("usage").ValueKind != JsonValueKind.Null || row.Value.TryGetProperty("audio_seconds", out _);
            Assert.True(isTold != untold.Remove(row.Name), row.Name);
            var body = File.ReadAllBytes(Path.Combine(folder, row.Name));
            var api = ApiOf(row.Value.GetProperty("api").GetString()!);
            var isLines = Messages.Contains(row.Name) || row.Name.EndsWith(".ndjson", StringComparison.Ordinal);
            Check(row.Name, row.Value, Answers.Read(api, isLines, body, []));
            for (var at = 1; at < body.Length; at += body.Length > 20_000 ? 7 : 1)
            {
                Check($"{row.Name} split at {at}", row.Value, Answers.Read(api, isLines, body[..at], body[at..]));
            }

            read++;
        }

        Assert.Empty(untold);
        Assert.Equal(126, read);
    }

    internal static string ApiOf(string recorded) => recorded switch
    {
        "openai.completions" or "openai.images" or "openai.audio.transcriptions" or "openai.audio.speech" or "anthropic.messages" or "bedrock.converse"
            or "bedrock.invoke" or "ollama.chat" or "voyage.rerank" => recorded,
        "openai.audio.translations" => "openai.audio.transcriptions",
        "openai.realtime" => "openai.responses",
        "gemini.generateContent" or "vertex.generateContent" or "gemini.live" => "gemini.generate",
        "gemini.cachedContents" => "gemini.caches",
        "anthropic.count_tokens" or "vertex.countTokens" or "openai.responses.input_tokens" => "count_tokens",
        "cohere.v1.chat" or "cohere.v2.chat" => "cohere.chat",
        "cohere.v2.embed" => "cohere.embed",
        "cohere.v2.rerank" => "cohere.rerank",
        "ollama.openai" => "openai.chat",
        _ when recorded.EndsWith(".chat", StringComparison.Ordinal) => "openai.chat",
        _ when recorded.EndsWith(".responses", StringComparison.Ordinal) => "openai.responses",
        _ when recorded.EndsWith(".embeddings", StringComparison.Ordinal) => "openai.embeddings",
        _ => throw new InvalidOperationException($"No reader for {recorded}."),
    };

    private static void Check(string file, JsonElement row, TokenUsage? usage)
    {
        var expected = row.GetProperty("usage");
        if (row.TryGetProperty("audio_seconds", out var seconds))
        {
            Assert.True(usage == new TokenUsage { AudioSeconds = seconds.GetInt64() }, file);
            return;
        }

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
