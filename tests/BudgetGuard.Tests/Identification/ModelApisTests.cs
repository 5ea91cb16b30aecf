using BudgetGuard.Identification;

namespace BudgetGuard.Tests.Identification;

public sealed class ModelApisTests
{
    [Theory]
    [InlineData("/v1/chat/completions", "openai.chat", null)]
    [InlineData("/V1/CHAT/Completions", "openai.chat", null)]
    [InlineData("/openai/deployments/d/chat/completions", "openai.chat", "d")]
    [InlineData("/v1/completions", "openai.completions", null)]
    [InlineData("/openai/deployments/d/embeddings", "openai.embeddings", "d")]
    [InlineData("/openai/responses", "openai.responses", null)]
    [InlineData("/v1/messages", "anthropic.messages", null)]
    [InlineData("/v1beta/models/g:streamGenerateContent", "gemini.generate", "g")]
    [InlineData("/v1beta/tunedModels/t:generateContent", "gemini.generate", "t")]
    [InlineData("/model/us.a-v1%3A0/converse-stream", "bedrock.converse", "us.a-v1:0")]
    [InlineData("/api/messages", null, null)]
    [InlineData("/api/responses", null, null)]
    [InlineData("/api/completions", null, null)]
    [InlineData("/converse", null, null)]
    [InlineData("/", null, null)]
    [InlineData("", null, null)]
    public void Paths_are_matched(string path, string? api, string? model)
    {
        Assert.Equal(api, ModelApis.Match(path, out var found)?.Name);
        Assert.Equal(model, found);
    }

    [Theory]
    [InlineData("/v1/chat/completions/")]
    [InlineData("/v1//chat/completions")]
    [InlineData("/v1//chat//completions//")]
    [InlineData("/v1\\chat\\completions")]
    [InlineData("/v1/chat%2Fcompletions")]
    [InlineData("/v1/chat%5Ccompletions")]
    [InlineData("/v1/%63hat/completions")]
    [InlineData("/v1/chat/completions;a=b")]
    [InlineData("/v1/x/../chat/completions")]
    [InlineData("/v1/./chat/completions")]
    [InlineData("/v1/chat/completions ")]
    [InlineData("/v1/chat/completions?x")]
    [InlineData("/v1/chat/completions#x")]
    public void T5_T10_Odd_spellings_are_matched_like_the_plain_one(string path) => Assert.Same(ModelApis.OpenAIChat, ModelApis.Match(path, out _));
}
