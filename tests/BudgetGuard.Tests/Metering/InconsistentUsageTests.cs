using BudgetGuard.Identification;

namespace BudgetGuard.Tests.Metering;

public sealed class InconsistentUsageTests
{
    [Theory]
    [InlineData("sum too large", """{"prompt_tokens":100,"completion_tokens":20,"total_tokens":200}""", "100 100 0 0")]
    [InlineData("sum too small", """{"prompt_tokens":100,"completion_tokens":20,"total_tokens":5}""", "100 20 0 0")]
    [InlineData("strings", """{"prompt_tokens":"100","completion_tokens":"20","total_tokens":"120"}""", "100 20 0 0")]
    [InlineData("fractions", """{"prompt_tokens":99.2,"completion_tokens":2e1}""", "100 20 0 0")]
    [InlineData("cached beyond prompt", """{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"prompt_tokens_details":{"cached_tokens":500}}""", "600 20 500 0")]
    [InlineData("cache not in prompt, in sum", """{"prompt_tokens":100,"completion_tokens":20,"total_tokens":620,"prompt_tokens_details":{"cached_tokens":500}}""", "600 20 500 0")]
    [InlineData("reasoning beyond completion, sum silent", """{"prompt_tokens":100,"completion_tokens":20,"completion_tokens_details":{"reasoning_tokens":50}}""", "100 70 0 50")]
    [InlineData("reasoning beyond completion, sum says no", """{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"completion_tokens_details":{"reasoning_tokens":50}}""", "100 20 0 20")]
    [InlineData("reasoning beyond completion, sum says yes", """{"prompt_tokens":100,"completion_tokens":20,"total_tokens":170,"completion_tokens_details":{"reasoning_tokens":50}}""", "100 70 0 50")]
    [InlineData("prompt missing", """{"completion_tokens":20,"total_tokens":120}""", "100 20 0 0")]
    [InlineData("prompt null", """{"prompt_tokens":null,"completion_tokens":20,"total_tokens":120}""", "100 20 0 0")]
    [InlineData("completion missing", """{"prompt_tokens":100,"total_tokens":120}""", "100 20 0 0")]
    [InlineData("only the sum: the dearest reading", """{"total_tokens":120}""", "0 120 0 0")]
    [InlineData("only hits and misses", """{"prompt_cache_hit_tokens":60,"prompt_cache_miss_tokens":40,"completion_tokens":20}""", "100 20 60 0")]
    [InlineData("negative prompt", """{"prompt_tokens":-100,"completion_tokens":20,"total_tokens":120}""", "100 20 0 0")]
    [InlineData("negative completion", """{"prompt_tokens":100,"completion_tokens":-20,"total_tokens":120}""", "100 20 0 0")]
    [InlineData("negative parts", """{"prompt_tokens":100,"completion_tokens":20,"prompt_tokens_details":{"cached_tokens":-7},"completion_tokens_details":{"reasoning_tokens":-7}}""", "100 20 0 0")]
    [InlineData("parts of the wrong kind", """{"prompt_tokens":100,"completion_tokens":20,"prompt_tokens_details":[],"completion_tokens_details":"x","cost":"free","service_tier":5}""", "100 20 0 0")]
    [InlineData("audio beyond prompt", """{"prompt_tokens":100,"completion_tokens":20,"prompt_tokens_details":{"audio_tokens":150},"completion_tokens_details":{"audio_tokens":30}}""", "150 30 0 0")]
    [InlineData("absurd prompt", """{"prompt_tokens":1e400,"completion_tokens":20,"total_tokens":120}""", "100 20 0 0")]
    public void T84_OpenAI_usage_that_does_not_add_up_is_charged_at_the_larger_reading(string what, string usage, string expected)
    {
        var read = Answers.Read("openai.chat", $$"""{"model":"m","usage":{{usage}}}""");
        Assert.True(read is not null, what);
        Assert.Equal(expected, $"{read.InputTokens} {read.OutputTokens} {read.CacheReadTokens} {read.ReasoningTokens}");
    }

    [Theory]
    [InlineData("openai.chat", """{"prompt_tokens":100}""")]
    [InlineData("openai.chat", """{"completion_tokens":100}""")]
    [InlineData("openai.chat", """{"prompt_tokens":-1,"completion_tokens":-1,"total_tokens":-2}""")]
    [InlineData("openai.chat", """{"prompt_tokens":true,"completion_tokens":{},"total_tokens":[]}""")]
    [InlineData("openai.chat", """{"prompt_tokens":99999999999999999999,"completion_tokens":1}""")]
    [InlineData("anthropic.messages", """{"input_tokens":100}""")]
    [InlineData("anthropic.messages", """{"input_tokens":-100,"output_tokens":5}""")]
    [InlineData("bedrock.converse", """{"inputTokens":100}""")]
    public void T84_Usage_that_leaves_a_total_unknown_is_no_usage_so_that_the_estimate_stands(string api, string usage) =>
        Assert.Null(Answers.Read(api, $$"""{"model":"m","usage":{{usage}}}"""));

    [Theory]
    [InlineData("anthropic.messages", """{"usage":{"input_tokens":"10","output_tokens":5,"output_tokens_details":{"thinking_tokens":9},"cache_read_input_tokens":-4}}""", "10 14 0 9")]
    [InlineData("anthropic.messages", """{"usage":{"input_tokens":10,"output_tokens":5,"cache_creation_input_tokens":3,"cache_creation":{"ephemeral_5m_input_tokens":4,"ephemeral_1h_input_tokens":6}}}""", "20 5 0 0")]
    [InlineData("gemini.generate", """{"usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":500,"candidatesTokenCount":20,"totalTokenCount":620}}""", "600 20 500 0")]
    [InlineData("gemini.generate", """{"usageMetadata":{"promptTokenCount":100,"candidatesTokenCount":20,"totalTokenCount":190}}""", "100 90 0 0")]
    [InlineData("gemini.generate", """{"usageMetadata":{"promptTokenCount":-100,"candidatesTokenCount":"20","totalTokenCount":190}}""", "170 20 0 0")]
    [InlineData("gemini.generate", """{"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":9},5,null],"candidatesTokensDetails":{}}}""", "9 2 0 0")]
    [InlineData("bedrock.converse", """{"usage":{"inputTokens":10,"outputTokens":5,"cacheReadInputTokens":40,"totalTokens":15}}""", "50 5 40 0")]
    [InlineData("bedrock.converse", """{"usage":{"outputTokens":5,"cacheReadInputTokens":40,"totalTokens":50}}""", "45 5 40 0")]
    [InlineData("openai.embeddings", """{"usage":{"prompt_tokens":5,"total_tokens":9}}""", "9 0 0 0")]
    public void T84_Usage_of_others_that_does_not_add_up_is_charged_at_the_larger_reading(string api, string body, string expected)
    {
        var read = Answers.Read(api, body)!;
        Assert.Equal(expected, $"{read.InputTokens} {read.OutputTokens} {read.CacheReadTokens} {read.ReasoningTokens}");
    }

    [Theory]
    [InlineData("-0.5")]
    [InlineData("1e30")]
    [InlineData("\"NaN\"")]
    [InlineData("{}")]
    [InlineData("[]")]
    public void T84_Costs_that_make_no_sense_are_not_believed(string cost) =>
        Assert.Null(Answers.Read("openai.chat", """{"usage":{"prompt_tokens":1,"completion_tokens":1,"cost":""" + cost + "}}")!.ReportedCostUsd);

    [Fact]
    public void T84_Random_usage_never_throws_and_is_never_negative()
    {
        var random = new Random(84);
        string[] values = ["0", "-5", "7", "1000", "\"12\"", "\"x\"", "null", "[]", "{}", "true", "1e400", "3.5", "999999999999", "[{\"modality\":\"AUDIO\",\"tokenCount\":3}]"];
        string[] names =
        [
            "prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens", "num_cached_tokens", "cost", "cache_read_input_tokens",
            "cache_creation_input_tokens", "inputTokens", "outputTokens", "totalTokens", "cacheReadInputTokens", "promptTokenCount", "candidatesTokenCount",
            "thoughtsTokenCount", "totalTokenCount", "cachedContentTokenCount", "toolUsePromptTokenCount", "promptTokensDetails", "iterations", "cost_in_usd_ticks",
        ];
        string[] parts = ["prompt_tokens_details", "completion_tokens_details", "cache_creation", "server_tool_use"];
        string[] partNames = ["cached_tokens", "reasoning_tokens", "audio_tokens", "ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens", "web_search_requests"];
        for (var round = 0; round < 20_000; round++)
        {
            var members = names.Where(_ => random.Next(3) > 0).Select(name => $"\"{name}\":{values[random.Next(values.Length)]}")
                .Concat(parts.Select(part => $"\"{part}\":{{\"{partNames[random.Next(partNames.Length)]}\":{values[random.Next(values.Length)]}}}"));
            var block = "{" + string.Join(",", members) + "}";
            foreach (var api in ModelApis.Names)
            {
                if (Answers.Read(api, $"{{\"usage\":{block},\"usageMetadata\":{block}}}") is { } usage)
                {
                    Assert.True(
                        usage is { InputTokens: >= 0, OutputTokens: >= 0, CacheReadTokens: >= 0, CacheWriteTokens: >= 0, CacheWrite1hTokens: >= 0, ReasoningTokens: >= 0 },
                        block);
                    Assert.True(usage.CacheReadTokens + usage.CacheWriteTokens + usage.CacheWrite1hTokens <= usage.InputTokens, api + block);
                    Assert.True(usage.ReasoningTokens <= usage.OutputTokens && usage.ReportedCostUsd is null or >= 0, api + block);
                }
            }
        }
    }
}
