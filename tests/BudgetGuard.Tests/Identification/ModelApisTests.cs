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
    [InlineData("/v1/images/generations", "openai.images", null)]
    [InlineData("/openai/deployments/d/images/edits", "openai.images", "d")]
    [InlineData("/v1/audio/transcriptions", "openai.audio.transcriptions", null)]
    [InlineData("/v1/audio/translations", "openai.audio.transcriptions", null)]
    [InlineData("/openai/deployments/d/audio/speech", "openai.audio.speech", "d")]
    [InlineData("/v1/moderations", "openai.moderations", null)]
    [InlineData("/v1/messages/count_tokens", "count_tokens", null)]
    [InlineData("/v1/responses/input_tokens", "count_tokens", null)]
    [InlineData("/v1beta/models/g:countTokens", "count_tokens", "g")]
    [InlineData("/model/m/count-tokens", "count_tokens", "m")]
    [InlineData("/v1beta/cachedContents", "gemini.caches", null)]
    [InlineData("/v1beta/models/gemini-embedding-001:embedContent", "gemini.embed", "gemini-embedding-001")]
    [InlineData("/v1/models/gemini-embedding-001:batchEmbedContents", "gemini.embed", "gemini-embedding-001")]
    [InlineData("/model/arn%3Aaws%3Abedrock%3Ax/y/invoke", "bedrock.invoke", "arn:aws:bedrock:x/y")]
    [InlineData("/model/m/invoke-with-response-stream", "bedrock.invoke", "m")]
    [InlineData("/v1/rerank", "cohere.rerank", null)]
    [InlineData("/v2/rerank", "cohere.rerank", null)]
    [InlineData("/model//converse", null, null)]
    [InlineData("/models/:generateContent", null, null)]
    [InlineData("/deployments//completions", null, null)]
    [InlineData("/api/chat", null, null)]
    [InlineData("/api/generate", null, null)]
    [InlineData("/v1/chat", null, null)]
    [InlineData("/v2/chat", null, null)]
    [InlineData("/v1/embed", null, null)]
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

    [Theory]
    [InlineData("/api/chat", "localhost:11434", "ollama.chat")]
    [InlineData("/api/generate", "10.0.0.7:11434", "ollama.generate")]
    [InlineData("/api/embed", "[::1]:11434", "ollama.embed")]
    [InlineData("/api/chat", "localhost:5000", null)]
    [InlineData("/api/chat", "localhost", null)]
    [InlineData("/v1/chat", "api.cohere.com", "cohere.chat")]
    [InlineData("/v2/chat", "API.Cohere.ai:443", "cohere.chat")]
    [InlineData("/v2/embed", "api.cohere.com", "cohere.embed")]
    [InlineData("/v2/chat", "api.openai.com", null)]
    [InlineData("/v1/rerank", "api.voyageai.com", "voyage.rerank")]
    [InlineData("/v1/rerank", "api.jina.ai", "cohere.rerank")]
    [InlineData("/v1/chat/completions", "anything", "openai.chat")]
    public void Paths_that_any_app_may_have_are_matched_at_their_own_hosts(string path, string host, string? api) =>
        Assert.Equal(api, ModelApis.Match(path, host, out _)?.Name);

    [Theory]
    [InlineData("api.openai.com", "openai")]
    [InlineData("eu.api.openai.com", "openai")]
    [InlineData("api.anthropic.com:443", "anthropic")]
    [InlineData("API.DeepSeek.com", "deepseek")]
    [InlineData("api.mistral.ai", "mistral")]
    [InlineData("api.x.ai", "x-ai")]
    [InlineData("api.groq.com", "groq")]
    [InlineData("openrouter.ai", "openrouter")]
    [InlineData("api.together.xyz", "together")]
    [InlineData("api.perplexity.ai", "perplexity")]
    [InlineData("api.cerebras.ai", "cerebras")]
    [InlineData("mine.openai.azure.com", "azure")]
    [InlineData("generativelanguage.googleapis.com", "google")]
    [InlineData("europe-west4-aiplatform.googleapis.com", "google")]
    [InlineData("bedrock-runtime.us-east-1.amazonaws.com", "aws")]
    [InlineData("api.cohere.com", "cohere")]
    [InlineData("api.voyageai.com", "voyageai")]
    [InlineData("localhost:11434", "ollama")]
    [InlineData("localhost", null)]
    [InlineData("openai.azure.com", null)]
    [InlineData("api.openai.com.evil.example", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void Hosts_tell_their_provider(string? host, string? provider) => Assert.Equal(provider, ModelApis.ProviderOf(host));

    [Fact]
    public void Every_host_names_a_provider_that_prices_know_and_every_api_has_a_route()
    {
        var known = BudgetGuard.Pricing.PriceTable.Shipped.Select(static entry => entry.ProviderKey).Append("ollama").ToHashSet();
        Assert.All(ModelRoutes.Table, route => Assert.True(route.Provider is null || known.Contains(route.Provider), route.Host));
        Assert.Equal(
            ModelApis.Names.Order(StringComparer.Ordinal),
            ModelRoutes.Table.Where(static route => route.Api is not null).Select(static route => route.Api!.Name).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Ordinary_path_is_told_to_be_none_without_allocating()
    {
        foreach (var path in new[] { "/", "/index.html", "/api/orders", "/api/users/42/details", "/assets/app.min.js" })
        {
            ModelApis.Match(path, out _);
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Null(ModelApis.Match(path, out _));
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }
}
