using BudgetGuard.Pricing;

namespace BudgetGuard.Tests.Pricing;

public sealed class CostTests
{
    private const long Dollar = 1_000_000_000;

    [Fact]
    public void Parts_are_priced_apart()
    {
        ModelPrice price = Prices.Of("claude-haiku-4-5", "anthropic");
        TokenUsage usage = new() { InputTokens = 33_595, CacheReadTokens = 18_134, CacheWrite1hTokens = 15_451, OutputTokens = 697, ReasoningTokens = 690 };
        Assert.Equal(36_210_400, price.Nanos(usage));
        Assert.Equal(36_210_400 + 30_000_000, price.Nanos(usage with { WebSearches = 3 }));
        Assert.Equal(1_250_000_000, price.Nanos(new TokenUsage { InputTokens = 1_000_000, CacheWriteTokens = 1_000_000 }));
    }

    [Fact]
    public void Media_and_reasoning_take_their_own_rates_where_there_are_any()
    {
        ModelPrice live = Prices.Of("gemini-3.1-flash-live-preview", "google");
        TokenUsage usage = new()
        {
            InputTokens = 3_000_000, AudioInputTokens = 1_000_000, ImageInputTokens = 1_000_000, OutputTokens = 2_000_000, AudioOutputTokens = 1_000_000,
        };
        Assert.Equal((long)((0.75 + 3 + 1 + 4.5 + 12) * Dollar), live.Nanos(usage));
        Assert.Equal(30 * Dollar, Prices.Of("gemini-2.5-flash-image", "google").Nanos(new TokenUsage { OutputTokens = 1_000_000, ImageOutputTokens = 1_000_000 }));
        Assert.Equal(3 * Dollar, Prices.Of("sonar-deep-research", "perplexity").Nanos(new TokenUsage { OutputTokens = 1_000_000, ReasoningTokens = 1_000_000 }));

        // Where images cost what text does, they are only counted once, cached or not.
        TokenUsage cachedImages = new() { InputTokens = 1_000_000, ImageInputTokens = 1_000_000, CacheReadTokens = 1_000_000 };
        Assert.Equal(30_000_000, Prices.Of("gemini-2.5-flash", "google").Nanos(cachedImages));
        TokenUsage cachedAudio = new() { InputTokens = 1_000_000, AudioInputTokens = 1_000_000, CacheReadTokens = 1_000_000, CachedAudioInputTokens = 1_000_000 };
        Assert.Equal(100_000_000, Prices.Of("gemini-2.5-flash", "google").Nanos(cachedAudio));
    }

    [Fact]
    public void MissingRates_are_never_cheaper_than_the_base()
    {
        ModelPrice bare = ModelPrice.Create("me", "m", 2, 8);
        Assert.Equal(2 * Dollar, bare.Nanos(new TokenUsage { InputTokens = 1_000_000, CacheReadTokens = 1_000_000 }));
        Assert.Equal(2 * Dollar, bare.Nanos(new TokenUsage { InputTokens = 1_000_000, CacheWriteTokens = 1_000_000 }));
        Assert.Equal(2 * Dollar, bare.Nanos(new TokenUsage { InputTokens = 1_000_000, CacheWrite1hTokens = 1_000_000 }));
        Assert.Equal(8 * Dollar, bare.Nanos(new TokenUsage { OutputTokens = 1_000_000, ReasoningTokens = 1_000_000 }));
        ModelPrice writes = ModelPrice.Create("me", "m", 2, 8, new ModelPriceOptions { CacheWrite = 2.5m });
        Assert.Equal(4 * Dollar, writes.Nanos(new TokenUsage { InputTokens = 1_000_000, CacheWrite1hTokens = 1_000_000 }));
        ModelPrice cheap = ModelPrice.Create("me", "m", 2, 8, new ModelPriceOptions { CacheWrite = 0.1m });
        Assert.Equal(2 * Dollar, cheap.Nanos(new TokenUsage { InputTokens = 1_000_000, CacheWriteTokens = 1_000_000 }));
        Assert.Equal(20_000_000, Prices.Of("text-embedding-3-small").Nanos(new TokenUsage { OutputTokens = 1_000_000 }));
    }

    [Theory]
    [InlineData(10, 0, 30, 0, 0)]
    [InlineData(10, 0, 0, 30, 0)]
    [InlineData(10, 0, 0, 0, 30)]
    public void T84_PartsAboveTheirTotal_are_charged(long input, long output, long reads, long reasoning, long audio)
    {
        ModelPrice price = ModelPrice.Create("me", "m", 2, 8, new ModelPriceOptions { CachedInput = 0.5m });
        TokenUsage usage = new() { InputTokens = input, OutputTokens = output, CacheReadTokens = reads, ReasoningTokens = reasoning, AudioInputTokens = audio };
        long expected = (reads > 0 ? reads * 500 : Math.Max(input, audio) * 2000) + reasoning * 8000;
        Assert.Equal(expected, price.Nanos(usage));
    }

    [Fact]
    public void T72_NegativeCounts_are_refused()
    {
        ModelPrice price = Prices.Of("gpt-4o");
        TokenUsage[] bad =
        [
            new() { InputTokens = -1 }, new() { OutputTokens = -1 }, new() { CacheReadTokens = -1 }, new() { CacheWriteTokens = -1 }, new() { CacheWrite1hTokens = -1 },
            new() { ReasoningTokens = -1 }, new() { AudioInputTokens = -1 }, new() { CachedAudioInputTokens = -1 }, new() { AudioOutputTokens = -1 },
            new() { ImageInputTokens = -1 }, new() { ImageOutputTokens = long.MinValue }, new() { WebSearches = -1 }, new() { ReportedCostUsd = -0.01m },
        ];
        Assert.All(bad, usage => Assert.Throws<ArgumentOutOfRangeException>(() => price.CostOf(usage, Prices.Now)));
        Assert.Throws<ArgumentOutOfRangeException>(() => price.BoundOf(-1, 0, Prices.Now));
        Assert.Throws<ArgumentOutOfRangeException>(() => price.BoundOf(0, -1, Prices.Now));
    }

    [Fact]
    public void T75_HugeCounts_saturate_and_never_wrap()
    {
        TokenUsage most = new()
        {
            InputTokens = long.MaxValue, OutputTokens = long.MaxValue, CacheReadTokens = long.MaxValue, CacheWriteTokens = long.MaxValue,
            CacheWrite1hTokens = long.MaxValue, ReasoningTokens = long.MaxValue, AudioInputTokens = long.MaxValue, CachedAudioInputTokens = long.MaxValue,
            AudioOutputTokens = long.MaxValue, ImageInputTokens = long.MaxValue, ImageOutputTokens = long.MaxValue, WebSearches = long.MaxValue, ServiceTier = "fast",
        };
        ModelPrice dearest = ModelPrice.Create("me", "m", 100_000, 100_000, new ModelPriceOptions
        {
            CachedInput = 100_000, CacheWrite = 100_000, CacheWrite1h = 100_000, AudioInput = 100_000, AudioOutput = 100_000, ImageInput = 100_000,
            ImageOutput = 100_000, Reasoning = 100_000, PerThousandRequests = 100_000, PerThousandWebSearches = 100_000,
        });
        Assert.Equal(long.MaxValue, dearest.Nanos(most));
        Assert.Equal(long.MaxValue, dearest.BoundOf(long.MaxValue, long.MaxValue, Prices.Now, CallTraits.Media | CallTraits.CacheWrites, "priority").Nanos);
        Assert.Equal(long.MaxValue, dearest.Nanos(new TokenUsage { ReportedCostUsd = decimal.MaxValue }));
        Assert.Equal(2_147_483_647L * 1_000_000 * 100, ModelPrice.Create("me", "m", 0.1m, 0.1m).Nanos(new TokenUsage { OutputTokens = 2_147_483_647L * 1_000_000 }));
    }

    [Fact]
    public void T80_TinyCosts_round_up_once_and_never_to_zero()
    {
        // One token of it costs 18.75 nano-dollars.
        ModelPrice price = ModelPrice.Create("me", "m", 0.01875m, 0.01875m);
        Assert.Equal(19, price.Nanos(new TokenUsage { InputTokens = 1 }));
        Assert.Equal(38, price.Nanos(new TokenUsage { InputTokens = 1, OutputTokens = 1 }));
        Assert.Equal(75, price.Nanos(new TokenUsage { InputTokens = 4 }));
        ModelPrice smallest = ModelPrice.Create("me", "m", 0.000000001m, 0.000000001m);
        Assert.Equal(1, smallest.Nanos(new TokenUsage { InputTokens = 1 }));
        Assert.Equal(1, smallest.BoundOf(1, 0, Prices.Now).Nanos);

        Money sum = Money.Zero;
        ModelPrice tenth = ModelPrice.Create("me", "m", 0.1m, 0.1m);
        for (int i = 0; i < 1_000_000; i++)
        {
            sum += tenth.CostOf(new TokenUsage { InputTokens = 1 }, Prices.Now);
        }

        Assert.Equal(0.1m, sum.Usd);
    }

    [Fact]
    public void ReportedCost_is_what_is_charged()
    {
        ModelPrice price = Prices.Of("z-ai/glm-4.6", "openrouter");
        Assert.Equal(14_000, price.Nanos(new TokenUsage { InputTokens = 16, OutputTokens = 2, ReportedCostUsd = 0.000014m }));
        Assert.Equal(0, price.Nanos(new TokenUsage { InputTokens = 16, OutputTokens = 2, ReportedCostUsd = 0m }));
        Assert.Equal(1, price.Nanos(new TokenUsage { ReportedCostUsd = 0.0000000001m }));
    }

    [Theory]
    [InlineData("2026-08-20T23:59:59Z", 5, 30)]
    [InlineData("2026-08-21T00:00:00Z", 4, 20)]
    [InlineData("2026-08-21T01:00:00+02:00", 5, 30)]
    [InlineData("2020-01-01T00:00:00Z", 5, 30)]
    public void DatedPrice_holds_from_its_day_in_UTC(string at, long input, long output)
    {
        ModelPrice price = Prices.Of("gpt-5.6-sol", "openai");
        DateTimeOffset when = DateTimeOffset.Parse(at, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(input * 100_000_000, price.CostOf(new TokenUsage { InputTokens = 100_000 }, when).Nanos);
        Assert.Equal(output * 100_000_000, price.CostOf(new TokenUsage { OutputTokens = 100_000 }, when).Nanos);
    }

    [Theory]
    [InlineData("00:59:59", 0.66)]
    [InlineData("01:00:00", 1.32)]
    [InlineData("03:59:59", 1.32)]
    [InlineData("04:00:00", 0.66)]
    [InlineData("05:00:00", 0.66)]
    [InlineData("06:00:00", 1.32)]
    [InlineData("10:00:00", 0.66)]
    public void HourlyPrice_holds_in_its_hours(string time, double expected)
    {
        DateTimeOffset when = Prices.Now.Date + TimeSpan.Parse(time, System.Globalization.CultureInfo.InvariantCulture) is var local
            ? new DateTimeOffset(local, TimeSpan.Zero)
            : default;
        long cost = Prices.Of("deepseek-v4-pro", "deepseek").CostOf(new TokenUsage { InputTokens = 1_000_000 }, when).Nanos;
        Assert.Equal((long)(decimal)(expected * 100) * 10_000_000, cost);
    }

    [Theory]
    [InlineData("23:30", 3)]
    [InlineData("05:59", 3)]
    [InlineData("06:00", 1)]
    [InlineData("21:59", 1)]
    public void HourlyPrice_may_go_over_midnight(string time, int expected)
    {
        PriceTable table = Prices.With(
            """{"models":[{"provider":"me","model":"m","prices":[{"input":1,"output":1},{"hoursUtc":["22:00","06:00"],"input":3,"output":3}]}]}""");
        DateTimeOffset when = new(2026, 11, 25, int.Parse(time[..2], null), int.Parse(time[3..], null), 0, TimeSpan.Zero);
        Assert.Equal(expected * Dollar, table.Find("m", null)!.CostOf(new TokenUsage { InputTokens = 1_000_000 }, when).Nanos);
    }

    [Fact]
    public void T85_Tier_is_a_cliff_for_all_tokens()
    {
        ModelPrice price = Prices.Of("gpt-5.6-sol", "openai");
        TokenUsage below = new() { InputTokens = 271_999, CacheReadTokens = 200_000, OutputTokens = 1000 };
        Assert.Equal((71_999L * 4000) + (200_000L * 400) + (1000 * 20_000), price.Nanos(below));
        Assert.Equal((72_000L * 8000) + (200_000L * 800) + (1000 * 30_000), price.Nanos(below with { InputTokens = 272_000 }));
        Assert.True(price.BoundOf(272_000, 0, Prices.Now) > price.BoundOf(271_999, 0, Prices.Now) + price.BoundOf(271_000, 0, Prices.Now) - price.BoundOf(10_000, 0, Prices.Now));
    }

    [Fact]
    public void Tier_without_a_cached_rate_raises_it_like_its_input()
    {
        ModelPrice price = Prices.Of("x-ai/grok-4-fast", "openrouter");
        Assert.Equal(200_000L * 100, price.Nanos(new TokenUsage { InputTokens = 200_000, CacheReadTokens = 200_000 }));
    }

    [Theory]
    [InlineData("gpt-5", "openai", "priority", 20)]
    [InlineData("gpt-5.4-mini", "openai", "priority", 20)]
    [InlineData("gpt-5.5", "openai", "priority", 25)]
    [InlineData("gpt-6-sol", "openai", "priority", 25)]
    [InlineData("gpt-5", "openai", "flex", 5)]
    [InlineData("gpt-5", "openai", "default", 10)]
    [InlineData("gpt-5", "openai", "something", 10)]
    [InlineData("gemini-3-flash-preview", "google", "ON_DEMAND_FLEX", 5)]
    [InlineData("gemini-3-flash-preview", "google", "ON_DEMAND_PRIORITY", 20)]
    [InlineData("claude-opus-4-8", "anthropic", "batch", 5)]
    [InlineData("claude-opus-4-8", "anthropic", "priority", 10)]
    [InlineData("claude-opus-4-8", "anthropic", "fast", 20)]
    [InlineData("claude-opus-4-6", "anthropic", "fast", 60)]
    [InlineData("openai/gpt-oss-120b", "groq", "flex", 10)]
    public void T68_ServiceTier_multiplies_the_price_and_only_raises_the_bound(string model, string provider, string tier, int tenths)
    {
        ModelPrice price = Prices.Of(model, provider);
        TokenUsage usage = new() { InputTokens = 100_000, OutputTokens = 10_000 };
        Assert.Equal(price.Nanos(usage) / 10 * tenths, price.Nanos(usage with { ServiceTier = tier }));
        Money bound = price.BoundOf(100_000, 10_000, Prices.Now);
        Assert.Equal(bound.Nanos / 10 * Math.Max(10, tenths), price.BoundOf(100_000, 10_000, Prices.Now, CallTraits.None, tier).Nanos);
    }

    [Fact]
    public void Fees_are_added_and_not_multiplied()
    {
        ModelPrice price = Prices.Of("sonar", "perplexity");
        Assert.Equal(12_403_000, price.Nanos(new TokenUsage { InputTokens = 11, OutputTokens = 392 }));
        Assert.Equal(12_000_000, price.BoundOf(0, 0, Prices.Now).Nanos);
        Assert.Equal(12_000_000 + 2_500_000, price.Nanos(new TokenUsage { InputTokens = 1000, ServiceTier = "priority" }));

        // A search of which the price says nothing is not free.
        Assert.Equal(10_000_000, ModelPrice.Create("me", "m", 1, 1).Nanos(new TokenUsage { WebSearches = 1 }));
        Assert.Equal(0, ModelPrice.Create("me", "m", 1, 1, new ModelPriceOptions { PerThousandWebSearches = 0 }).Nanos(new TokenUsage { WebSearches = 1 }));
    }
}
