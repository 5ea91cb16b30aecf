using System.Globalization;
using System.Text.Json;
using BudgetGuard.Metering;

namespace BudgetGuard.Tests.Metering;

public sealed class UsageReaderTests
{
    // api, body, then input / output / cache read / cache write 5m / cache write 1h / reasoning / web searches / cost.
    public static TheoryData<string, string, string, string> Dialects => new()
    {
        { "OpenAI chat", "openai.chat", """{"model":"gpt-4o","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"prompt_tokens_details":{"cached_tokens":64,"cache_write_tokens":10},"completion_tokens_details":{"reasoning_tokens":8}},"service_tier":"flex"}""", "100 20 64 10 0 8 0 -" },
        { "OpenAI search model", "openai.chat", """{"model":"gpt-4o-search-preview-2025-03-11","usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}}""", "10 2 0 0 0 0 1 -" },
        { "OpenAI completions", "openai.completions", """{"model":"davinci-002","usage":{"prompt_tokens":8,"completion_tokens":16,"total_tokens":24}}""", "8 16 0 0 0 0 0 -" },
        { "OpenAI responses", "openai.responses", """{"model":"gpt-5","error":null,"usage":{"input_tokens":2087,"input_tokens_details":{"cached_tokens":2048},"output_tokens":124,"output_tokens_details":{"reasoning_tokens":100},"total_tokens":2211},"tool_usage":{"web_search":{"num_requests":2}}}""", "2087 124 2048 0 0 100 2 -" },
        { "OpenAI embeddings", "openai.embeddings", """{"data":[{"embedding":[0.1,-0.2]}],"model":"e","usage":{"prompt_tokens":5,"total_tokens":5}}""", "5 0 0 0 0 0 0 -" },
        { "Voyage", "openai.embeddings", """{"data":[],"model":"voyage-4","usage":{"total_tokens":3}}""", "3 0 0 0 0 0 0 -" },
        { "Mistral", "openai.chat", """{"model":"mistral-medium","usage":{"completion_tokens":6,"num_cached_tokens":32,"prompt_tokens":64,"total_tokens":70}}""", "64 6 32 0 0 0 0 -" },
        { "DeepSeek", "openai.chat", """{"model":"deepseek","usage":{"completion_tokens":116,"prompt_cache_hit_tokens":512,"prompt_cache_miss_tokens":51,"prompt_tokens":563,"total_tokens":679}}""", "563 116 512 0 0 0 0 -" },
        { "OpenRouter", "openai.chat", """{"model":"z-ai/glm","usage":{"prompt_tokens":2572,"completion_tokens":100,"total_tokens":2672,"cost":1.4e-05,"prompt_tokens_details":{"cached_tokens":2240,"cache_write_tokens":329},"server_tool_use_details":{"web_search_requests":1}}}""", "2572 100 2240 329 0 0 1 0.000014" },
        { "OpenRouter, own key", "openai.chat", """{"model":"m","usage":{"prompt_tokens":16,"completion_tokens":2,"total_tokens":18,"cost":0.001,"is_byok":true,"cost_details":{"upstream_inference_cost":0.02}}}""", "16 2 0 0 0 0 0 0.021" },
        { "OpenRouter, own key, cost unknown", "openai.chat", """{"model":"m","usage":{"prompt_tokens":16,"completion_tokens":2,"total_tokens":18,"cost":0,"is_byok":true}}""", "16 2 0 0 0 0 0 -" },
        { "Perplexity", "openai.chat", """{"model":"sonar","usage":{"prompt_tokens":11,"completion_tokens":392,"total_tokens":403,"num_search_queries":4,"cost":{"total_cost":0.0064}}}""", "11 392 0 0 0 0 4 0.0064" },
        { "xAI", "openai.chat", """{"model":"grok-3-mini","usage":{"prompt_tokens":12,"completion_tokens":1,"total_tokens":241,"prompt_tokens_details":{"cached_tokens":2},"completion_tokens_details":{"reasoning_tokens":228},"cost_in_usd_ticks":1176500}}""", "12 229 2 0 0 228 0 0.00011765" },
        { "Gemini's OpenAI form", "openai.chat", """{"model":"gemini-2.5-flash","usage":{"prompt_tokens":9,"completion_tokens":9,"total_tokens":52}}""", "9 43 0 0 0 0 0 -" },
        { "LiteLLM", "openai.chat", """{"model":"claude","usage":{"prompt_tokens":100,"completion_tokens":5,"total_tokens":105,"cache_read_input_tokens":60,"cache_creation_input_tokens":20}}""", "100 5 60 20 0 0 0 -" },
        { "Anthropic", "anthropic.messages", """{"model":"claude","usage":{"input_tokens":10,"cache_creation_input_tokens":300,"cache_read_input_tokens":500,"cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200},"output_tokens":70,"output_tokens_details":{"thinking_tokens":50},"server_tool_use":{"web_search_requests":3}}}""", "810 70 500 100 200 50 3 -" },
        { "Anthropic before cache lives", "anthropic.messages", """{"model":"claude","usage":{"input_tokens":10,"cache_creation_input_tokens":300,"cache_read_input_tokens":0,"output_tokens":7}}""", "310 7 0 300 0 0 0 -" },
        { "Gemini", "gemini.generate", """{"candidates":[],"modelVersion":"g","usageMetadata":{"promptTokenCount":15,"cachedContentTokenCount":5,"candidatesTokenCount":40,"thoughtsTokenCount":257,"toolUsePromptTokenCount":288,"totalTokenCount":600}}""", "303 297 5 0 0 257 0 -" },
        { "Gemini, nothing but thoughts", "gemini.generate", """{"usageMetadata":{"promptTokenCount":15,"thoughtsTokenCount":2,"totalTokenCount":17}}""", "15 2 0 0 0 2 0 -" },
        { "Gemini, prompt left out", "gemini.generate", """{"usageMetadata":{"candidatesTokenCount":4,"totalTokenCount":24}}""", "20 4 0 0 0 0 0 -" },
        { "Bedrock, Claude", "bedrock.converse", """{"usage":{"cacheReadInputTokens":1000,"cacheWriteInputTokenCount":322,"cacheDetails":[{"inputTokens":300,"ttl":"1h"},{"inputTokens":22,"ttl":"5m"}],"inputTokens":2,"outputTokens":5,"totalTokens":1329}}""", "1324 5 1000 22 300 0 0 -" },
        { "Bedrock, cache inside", "bedrock.converse", """{"usage":{"cacheReadInputTokens":64,"inputTokens":100,"outputTokens":5,"totalTokens":105}}""", "100 5 64 0 0 0 0 -" },
        { "Error with usage", "openai.chat", """{"error":{"code":502},"usage":{"prompt_tokens":43,"completion_tokens":10,"total_tokens":53,"completion_tokens_details":{"reasoning_tokens":11},"cost":0}}""", "43 10 0 0 0 10 0 0" },
    };

    [Theory]
    [MemberData(nameof(Dialects))]
    public void Reader_of_each_dialect_gives_normalized_usage(string dialect, string api, string body, string expected)
    {
        Assert.Equal(expected, Describe(Answers.Read(api, body)!));
        for (var size = 1; size < 9; size++)
        {
            Assert.True(expected == Describe(Answers.Read(api, System.Text.Encoding.UTF8.GetBytes(body).Chunk(size))!), dialect);
        }
    }

    [Theory]
    [InlineData("openai.chat", """{"model":"gpt-4o","service_tier":"flex","usage":{"prompt_tokens":1,"completion_tokens":1}}""", "gpt-4o", "flex")]
    [InlineData("openai.chat", """{"model":"","usage":{"prompt_tokens":1,"completion_tokens":1}}""", null, null)]
    [InlineData("anthropic.messages", """{"model":"claude","usage":{"input_tokens":1,"output_tokens":1,"service_tier":"priority"}}""", "claude", "priority")]
    [InlineData("anthropic.messages", """{"model":"claude","usage":{"input_tokens":1,"output_tokens":1,"service_tier":"standard","speed":"fast"}}""", "claude", "fast")]
    [InlineData("gemini.generate", """{"modelVersion":"g","usageMetadata":{"promptTokenCount":1,"trafficType":"ON_DEMAND_FLEX"}}""", "g", "flex")]
    [InlineData("gemini.generate", """{"modelVersion":"g","usageMetadata":{"promptTokenCount":1,"serviceTier":"standard"}}""", "g", "standard")]
    [InlineData("bedrock.converse", """{"serviceTier":{"type":"priority"},"usage":{"inputTokens":1,"outputTokens":1}}""", null, "priority")]
    public void Reader_tells_the_model_and_the_tier_that_answered(string api, string body, string? model, string? tier)
    {
        var usage = Answers.Read(api, body)!;
        Assert.Equal(model, usage.Model);
        Assert.Equal(tier, usage.ServiceTier);
    }

    [Fact]
    public void Reader_tells_audio_and_images_apart()
    {
        var chat = Answers.Read("openai.chat", """{"usage":{"prompt_tokens":139,"completion_tokens":61,"prompt_tokens_details":{"audio_tokens":96,"image_tokens":3,"cached_tokens":64,"cached_tokens_details":{"audio_tokens":60}},"completion_tokens_details":{"audio_tokens":43}}}""")!;
        Assert.Equal((96, 3, 60, 43), (chat.AudioInputTokens, chat.ImageInputTokens, chat.CachedAudioInputTokens, chat.AudioOutputTokens));
        var gemini = Answers.Read("gemini.generate", """{"usageMetadata":{"promptTokenCount":2035,"candidatesTokenCount":1300,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":144},{"modality":"IMAGE","tokenCount":1806},{"modality":"TEXT","tokenCount":85}],"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1290}]}}""")!;
        Assert.Equal((144, 1806, 1290), (gemini.AudioInputTokens, gemini.ImageInputTokens, gemini.ImageOutputTokens));
    }

    [Fact]
    public void Anthropic_calls_inside_the_answer_are_summed_and_told_apart_by_model()
    {
        var usage = Answers.Read("anthropic.messages", """{"model":"sonnet","usage":{"input_tokens":20,"output_tokens":9,"output_tokens_details":{"thinking_tokens":4},"server_tool_use":{"web_search_requests":1},"iterations":[{"input_tokens":10,"output_tokens":5},{"model":"opus","input_tokens":100,"cache_read_input_tokens":1000,"output_tokens":7},{"input_tokens":12,"output_tokens":4}]}}""")!;
        Assert.Equal("1122 16 1000 0 0 4 1 -", Describe(usage));
        Assert.Equal(["sonnet", "opus"], usage.Parts!.Select(static part => part.Model));
        Assert.Equal(["22 9 0 0 0 4 1 -", "1100 7 1000 0 0 0 0 -"], usage.Parts!.Select(Describe));
    }

    [Fact]
    public void Anthropic_calls_of_one_model_have_no_parts()
    {
        var usage = Answers.Read("anthropic.messages", """{"model":"sonnet","usage":{"input_tokens":181,"output_tokens":8,"iterations":[{"type":"compaction","input_tokens":100,"cache_read_input_tokens":55096,"output_tokens":83},{"type":"message","input_tokens":181,"output_tokens":8}]}}""")!;
        Assert.Equal("55377 91 55096 0 0 0 0 -", Describe(usage));
        Assert.Null(usage.Parts);
        Assert.Equal("sonnet", usage.Model);
    }

    [Theory]
    [InlineData("""{"model":"m","usage":{"input_tokens":50,"output_tokens":90,"iterations":[{"input_tokens":10,"output_tokens":5}]}}""", "50 90")]
    [InlineData("""{"model":"m","usage":{"input_tokens":50,"output_tokens":90,"iterations":[7,"x",null,{"input_tokens":"no"}]}}""", "50 90")]
    [InlineData("""{"model":"m","usage":{"input_tokens":50,"output_tokens":90,"iterations":[]}}""", "50 90")]
    public void Anthropic_calls_that_sum_to_less_than_the_top_level_do_not_lower_it(string body, string expected)
    {
        var usage = Answers.Read("anthropic.messages", body)!;
        Assert.Equal(expected, $"{usage.InputTokens} {usage.OutputTokens}");
    }

    [Theory]
    [InlineData("openai.chat")]
    [InlineData("openai.responses")]
    [InlineData("openai.embeddings")]
    [InlineData("anthropic.messages")]
    [InlineData("gemini.generate")]
    [InlineData("bedrock.converse")]
    public void T101_Errors_and_answers_without_usage_have_none(string api)
    {
        string[] bodies =
        [
            "{}", """{"error":{"message":"overloaded","type":"server_error"}}""", """{"error":"overloaded"}""", """{"usage":null,"usageMetadata":null}""",
            """{"usage":{},"usageMetadata":{}}""", """{"usage":"12","usageMetadata":[1]}""", """{"choices":[{"message":{"content":"{\"usage\":{\"prompt_tokens\":1}}"}}]}""",
            """{"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0,"input_tokens":0,"output_tokens":0,"inputTokens":0,"outputTokens":0},"usageMetadata":{"promptTokenCount":0,"totalTokenCount":0}}""",
        ];
        Assert.All(bodies, body => Assert.Null(Answers.Read(api, body)));
    }

    [Fact]
    public void Readers_registered_come_before_the_built_in_ones()
    {
        var own = new OwnReader();
        var readers = new UsageReaders([own]);
        Assert.Same(own, readers.For("OpenAI.Chat")[0]);
        Assert.Equal(2, readers.For("openai.chat").Length);
        Assert.Single(readers.For("gemini.generate"));
        Assert.Empty(readers.For("unknown.api"));
    }

    internal static string Describe(TokenUsage usage) => string.Create(
        CultureInfo.InvariantCulture,
        $"{usage.InputTokens} {usage.OutputTokens} {usage.CacheReadTokens} {usage.CacheWriteTokens} {usage.CacheWrite1hTokens} {usage.ReasoningTokens} {usage.WebSearches} {usage.ReportedCostUsd?.ToString(CultureInfo.InvariantCulture) ?? "-"}");

    private sealed class OwnReader : IUsageReader
    {
        public bool CanRead(string modelApi) => modelApi == "openai.chat";

        public TokenUsage? Read(JsonElement answer) => null;
    }
}
