using BudgetGuard.Pricing;

namespace BudgetGuard.Tests.Pricing;

public sealed class ModelNameTests
{
    [Theory]
    // Prefixes of providers and of resource names.
    [InlineData("openai/gpt-4o", null, "openai gpt-4o")]
    [InlineData("openai/gpt-4o", "openai", "openai gpt-4o")]
    [InlineData("openai/gpt-4o", "openrouter", "openrouter openai/gpt-4o")]
    [InlineData("openrouter/openai/gpt-4o", null, "openrouter openai/gpt-4o")]
    [InlineData("openai:gpt-4o", null, "openai gpt-4o")]
    [InlineData("azure/gpt-4o", null, "openai gpt-4o")]
    [InlineData("azure/eu/gpt-4o-2024-08-06", null, "openai gpt-4o")]
    [InlineData("models/gemini-2.5-flash", null, "google gemini-2.5-flash")]
    [InlineData("publishers/google/models/gemini-2.5-flash", "google", "google gemini-2.5-flash")]
    [InlineData("projects/p/locations/us/publishers/google/models/gemini-2.5-pro", null, "google gemini-2.5-pro")]
    [InlineData("projects/p/locations/us/publishers/anthropic/models/claude-sonnet-4-5@20250929", null, "google claude-sonnet-4-5")]
    [InlineData("gemini/gemini-2.5-flash", null, "google gemini-2.5-flash")]
    [InlineData("groq/openai/gpt-oss-120b", null, "groq openai/gpt-oss-120b")]
    [InlineData("openai/gpt-oss-120b", "groq", "groq openai/gpt-oss-120b")]
    [InlineData("xai/grok-4.3", "openai", "x-ai grok-4.3")]
    [InlineData("accounts/fireworks/models/kimi-k3", null, "fireworks kimi-k3")]
    [InlineData("@cf/openai/gpt-oss-20b", null, "cloudflare @cf/openai/gpt-oss-20b")]
    [InlineData("cerebras/llama-3.3-70b", null, "cerebras llama-3.3-70b")]
    // Bedrock: regions are priced.
    [InlineData("anthropic.claude-opus-5", null, "aws regional.anthropic.claude-opus-5")]
    [InlineData("us.anthropic.claude-sonnet-4-5-20250929-v1:0", null, "aws regional.anthropic.claude-sonnet-4-5-20250929-v1:0")]
    [InlineData("us.anthropic.claude-sonnet-4-5-20250929-v1%3A0", "bedrock", "aws regional.anthropic.claude-sonnet-4-5-20250929-v1:0")]
    [InlineData("global.anthropic.claude-sonnet-4-5-20250929-v1:0", null, "aws global.anthropic.claude-sonnet-4-5-20250929-v1:0")]
    [InlineData("global.anthropic.claude-opus-5-v1:0", "bedrock", "aws global.anthropic.claude-opus-5")]
    [InlineData("apac.anthropic.claude-opus-4-6-v1:0", null, "aws regional.anthropic.claude-opus-4-6-v1:0")]
    [InlineData("us.amazon.nova-micro-v1:0", null, "aws amazon.nova-micro-v1:0")]
    [InlineData("amazon.nova-pro-v1:0:300k", null, "aws amazon.nova-pro-v1:0")]
    [InlineData("arn:aws:bedrock:us-east-1:123:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0", null, "aws regional.anthropic.claude-haiku-4-5-20251001-v1:0")]
    [InlineData("arn:aws:bedrock:us-east-1::foundation-model/meta.llama3-8b-instruct-v1:0", "bedrock", "aws meta.llama3-8b-instruct-v1:0")]
    [InlineData("bedrock/us-east-1/amazon.nova-lite-v1:0", null, "aws amazon.nova-lite-v1:0")]
    // Vertex.
    [InlineData("claude-sonnet-4@20250514", "vertex", "google claude-4-sonnet")]
    [InlineData("claude-opus-4-8@default", null, "google claude-opus-4-8")]
    [InlineData("vertex_ai/gemini-2.0-flash-001", null, "google gemini-2.0-flash")]
    // Dates and versions.
    [InlineData("gpt-4o-2024-05-13", null, "openai gpt-4o-2024-05-13")]
    [InlineData("gpt-4o-2024-08-06", null, "openai gpt-4o")]
    [InlineData("gpt-4o-2026-01-01", "openai", "openai gpt-4o")]
    [InlineData("gpt-5.6-sol-2026-08-01", "openai", "openai gpt-5.6-sol")]
    [InlineData("gpt-5-nano-2025-08-07", "openai", "openai gpt-5-nano")]
    [InlineData("claude-sonnet-4-5-20250929", null, "anthropic claude-sonnet-4-5")]
    [InlineData("claude-sonnet-4-5-latest", "anthropic", "anthropic claude-sonnet-4-5")]
    [InlineData("gemini-2.5-pro-preview-06-05", null, "google gemini-2.5-pro")]
    [InlineData("grok-3-latest", "xai", "x-ai grok-3")]
    [InlineData("davinci-002", "openai", "azure davinci")]
    // Azure's spelling.
    [InlineData("gpt-35-turbo", "azure", "openai gpt-3.5-turbo")]
    [InlineData("gpt-35-turbo-1106", null, "openai gpt-3.5-turbo-1106")]
    // Claude's orders of words.
    [InlineData("claude-sonnet-4.5", null, "anthropic claude-sonnet-4-5")]
    [InlineData("claude-4.5-sonnet", null, "anthropic claude-sonnet-4-5")]
    [InlineData("claude-4-5-sonnet-20250929", "anthropic", "anthropic claude-sonnet-4-5")]
    [InlineData("claude-3.5-sonnet", null, "anthropic claude-3-5-sonnet")]
    [InlineData("anthropic/claude-4.6-sonnet-20260217", "openrouter", "openrouter anthropic/claude-sonnet-4.6")]
    [InlineData("anthropic/claude-4.8-opus-20260801", "openrouter", "openrouter anthropic/claude-opus-4.8")]
    [InlineData("anthropic/claude-sonnet-4-5", "anthropic", "anthropic claude-sonnet-4-5")]
    [InlineData("claude-fable-5", null, "anthropic claude-fable-5")]
    // Variants of OpenRouter.
    [InlineData("openai/gpt-4o:nitro", "openrouter", "openrouter openai/gpt-4o")]
    [InlineData("openai/gpt-4o:extended", "openrouter", "openrouter openai/gpt-4o:extended")]
    [InlineData("openai/gpt-6-sol:batch", "openrouter", "openrouter openai/gpt-6-sol:batch")]
    [InlineData("deepseek/deepseek-chat-v3.1", "openrouter", "openrouter deepseek/deepseek-chat-v3.1")]
    // Fine-tuned models.
    [InlineData("ft:gpt-4o-mini-2024-07-18:org::id", null, "openai ft:gpt-4o-mini")]
    [InlineData("ft:gpt-4o-2024-08-06:org:suffix:id", "openai", "openai ft:gpt-4o")]
    [InlineData("ft:gpt-3.5-turbo-0613:org::id", null, "openai ft:gpt-3.5-turbo-")]
    [InlineData("ft:gpt-4.1-mini-2025-04-14:org::id", null, "openai ft:gpt-4.1-mini")]
    [InlineData("gpt-4o-mini-2024-07-18.ft-0123", "azure", "openai gpt-4o-mini-2024-07-18.ft-")]
    // Case and white space.
    [InlineData(" GPT-4O ", "OpenAI", "openai gpt-4o")]
    [InlineData("Anthropic/Claude-Sonnet-4-5", null, "anthropic claude-sonnet-4-5")]
    // Who serves it decides between different prices; where nobody says, the maker of the model does, then the dearest host.
    [InlineData("glm-5.3", "zhipuai", "zhipuai GLM-5.3")]
    [InlineData("glm-5.3", null, "zai GLM-5.3")]
    [InlineData("deepseek-v4-pro", "fireworks_ai", "fireworks deepseek-v4-pro")]
    [InlineData("deepseek-v4-pro", null, "deepseek deepseek-v4-pro")]
    [InlineData("meta-llama/llama-3.1-8b-instruct", null, "novita meta-llama/llama-3.1-8b-instruct")]
    [InlineData("mistral-medium", null, "mistral mistral-medium-3-1")]
    public void Spelling_finds_its_entry(string model, string? provider, string expected)
    {
        ModelPrice price = Prices.Of(model, provider);
        Assert.Equal(expected, $"{price.Provider} {price.Model}");
    }

    [Theory]
    [InlineData("gpt-new")]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("llama3:8b")]
    [InlineData("openai/")]
    [InlineData("models/")]
    [InlineData("ft:")]
    [InlineData("ft::::")]
    [InlineData("ft:unknown-model:org::id")]
    [InlineData("arn:aws:bedrock:us-east-1:123:application-inference-profile/abc")]
    [InlineData("%")]
    public void T77_UnknownModel_has_no_price(string model) => Assert.Null(Prices.Shipped.Find(model, null));

    [Fact]
    public void T70_FreeSuffix_counts_only_where_OpenRouter_serves()
    {
        Assert.Equal(0, Prices.Of("openai/gpt-4o:free", "openrouter").BoundOf(1000, 1000, Prices.Now).Nanos);
        Assert.Equal("openai gpt-4o", $"{Prices.Of("openai/gpt-4o:free", "openai").Provider} {Prices.Of("openai/gpt-4o:free", "openai").Model}");
        Assert.True(Prices.Of("openai/gpt-4o:free").BoundOf(1000, 1000, Prices.Now).Nanos > 0);
        Assert.True(Prices.Of("openrouter/openai/gpt-4o:free", "openai").BoundOf(1000, 1000, Prices.Now).Nanos > 0);
        Assert.Null(Prices.Shipped.Find("some/model:free", "openai"));
    }

    [Fact]
    public void FineTuned_without_an_entry_is_never_as_cheap_as_its_base()
    {
        TokenUsage usage = new() { InputTokens = 1_000_000, OutputTokens = 1_000_000 };
        Assert.Equal(2 * Prices.Of("gpt-4.1").Nanos(usage), Prices.Of("ft:gpt-4.1-2025-04-14:org::id").Nanos(usage));
        Assert.Equal(4 * Prices.Of("o4-mini").Nanos(usage), Prices.Of("ft:o4-mini-2025-04-16:org::id", "azure").Nanos(usage));
    }

    [Fact]
    public void T167_UnknownNames_cost_bounded_memory()
    {
        PriceTable table = new([], Prices.Now);
        for (int i = 0; i < 10_000; i++)
        {
            Assert.Null(table.Find("no-such-model-" + i.ToString("x", System.Globalization.CultureInfo.InvariantCulture), null));
        }

        Assert.Null(table.Find(new string('a', 1_000_000), null));
        Assert.Null(table.Find("gpt-4o" + new string(' ', 1_000_000), null));
        Assert.InRange(table.Remembered, 1, 4096);
        Assert.NotNull(table.Find("gpt-4o", null));
    }

    [Fact]
    public void KnownName_is_found_without_allocating()
    {
        PriceTable table = new([], Prices.Now);
        Assert.NotNull(table.Find("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock"));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            table.Find("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock");
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
