using BudgetGuard.Pricing;
using CsCheck;

namespace BudgetGuard.Tests.Pricing;

public sealed class BoundTests
{
    private static readonly ModelPrice[] _all = [.. PriceTable.Shipped.Select(static entry => entry.Price).Where(static price => price.PricesTokens)];

    [Fact]
    public void Bound_includes_cache_writes_only_where_they_can_happen()
    {
        // OpenAI bills the writing of its cache unasked; Anthropic writes one only where the request says so.
        Assert.Equal(5_000_000_000, Prices.Of("gpt-5.6-sol", "openai").BoundOf(100_000, 0, Prices.Now).Nanos * 10);
        ModelPrice claude = Prices.Of("claude-haiku-4-5", "anthropic");
        Assert.Equal(1_000_000_000, claude.BoundOf(1_000_000, 0, Prices.Now).Nanos);
        Assert.Equal(2_000_000_000, claude.BoundOf(1_000_000, 0, Prices.Now, CallTraits.CacheWrites, null).Nanos);
    }

    [Fact]
    public void T67_Bound_of_media_takes_the_dearest_of_their_rates()
    {
        ModelPrice price = Prices.Of("gemini-2.5-flash", "google");
        Assert.Equal(300_000_000, price.BoundOf(1_000_000, 0, Prices.Now).Nanos);
        Assert.Equal(1_000_000_000, price.BoundOf(1_000_000, 0, Prices.Now, CallTraits.Media, null).Nanos);
    }

    [Theory]
    [InlineData("2026-11-25T00:30:00Z", 1.32)]
    [InlineData("2026-11-25T04:30:00Z", 0.66)]
    [InlineData("2026-11-25T05:00:00Z", 1.32)]
    [InlineData("2026-11-25T03:59:00Z", 1.32)]
    [InlineData("2026-11-25T10:00:00Z", 0.66)]
    public void T85_Bound_counts_a_dearer_hour_that_may_begin_during_the_call(string at, double expected)
    {
        DateTimeOffset when = DateTimeOffset.Parse(at, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal((long)(decimal)(expected * 100) * 10_000_000, Prices.Of("deepseek-v4-pro", "deepseek").BoundOf(1_000_000, 0, when).Nanos);
    }

    [Fact]
    public void T85_Bound_counts_a_dearer_date_that_may_begin_during_the_call()
    {
        ModelPrice price = Prices.Of("gemini-3.7-flash", "google");
        DateTimeOffset newYear = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(750_000_000, price.BoundOf(1_000_000, 0, newYear.AddHours(-2)).Nanos);
        Assert.Equal(1_500_000_000, price.BoundOf(1_000_000, 0, newYear.AddMinutes(-1)).Nanos);
    }

    [Fact]
    public void T85_LongPrompt_is_bound_at_its_tier()
    {
        Assert.Equal(300_000L * 10_000, Prices.Of("gpt-5.6-sol", "openai").BoundOf(300_000, 0, Prices.Now).Nanos);
    }

    [Fact]
    public void Cost_is_never_above_the_bound()
    {
        // Everything a call can do with the tokens of its bound: any parts, at any time within an hour of its start.
        Gen.Select(Gen.Int[0, _all.Length - 1], Gen.Long[0, 600_000], Gen.Long[0, 600_000], Gen.Int[0, 1_000_000], Gen.Int[0, 3600], Gen.Double[0, 1])
            .Select(Gen.Double[0, 1], Gen.Double[0, 1])
            .Sample(
                (drawn, writes, reasoning) =>
                {
                    (int index, long input, long output, int start, int later, double reads) = drawn;
                    ModelPrice price = _all[index];
                    DateTimeOffset at = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(start);
                    long read = (long)(input * reads);
                    long written = (long)((input - read) * writes);
                    long oneHour = written / 3;
                    TokenUsage usage = new()
                    {
                        InputTokens = input, OutputTokens = output, CacheReadTokens = read, CacheWrite1hTokens = oneHour, CacheWriteTokens = written - oneHour,
                        AudioInputTokens = (input - read - written) / 2, ImageInputTokens = (input - read - written) / 3, CachedAudioInputTokens = 0,
                        ReasoningTokens = (long)(output * reasoning), AudioOutputTokens = (output - (long)(output * reasoning)) / 2, ServiceTier = "flex",
                    };
                    Money bound = price.BoundOf(input, output, at, CallTraits.CacheWrites | CallTraits.Media, "flex");
                    return price.CostOf(usage with { ServiceTier = null }, at.AddSeconds(later)) <= bound && price.CostOf(usage, at.AddSeconds(later)) <= bound;
                },
                iter: 20_000);
    }

    [Fact]
    public void Cost_of_plain_text_is_never_above_the_plain_bound()
    {
        Gen.Select(Gen.Int[0, _all.Length - 1], Gen.Long[0, 600_000], Gen.Long[0, 600_000], Gen.Int[0, 1_000_000], Gen.Double[0, 1])
            .Sample(
                (index, input, output, start, reads) =>
                {
                    DateTimeOffset at = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(start);
                    TokenUsage usage = new() { InputTokens = input, OutputTokens = output, CacheReadTokens = (long)(input * reads), ReasoningTokens = output / 2 };
                    return _all[index].CostOf(usage, at) <= _all[index].BoundOf(input, output, at);
                },
                iter: 20_000);
    }

    [Fact]
    public void Cost_grows_with_every_count_that_adds_tokens()
    {
        Gen.Select(Gen.Int[0, _all.Length - 1], Gen.Long[0, 600_000], Gen.Long[0, 600_000], Gen.Long[1, 100_000], Gen.Double[0, 1])
            .Sample(
                (index, input, output, more, reads) =>
                {
                    ModelPrice price = _all[index];
                    TokenUsage usage = new() { InputTokens = input, OutputTokens = output, CacheReadTokens = (long)(input * reads) };
                    Money cost = price.CostOf(usage, Prices.Now);
                    return price.CostOf(usage with { InputTokens = input + more }, Prices.Now) >= cost
                        && price.CostOf(usage with { OutputTokens = output + more }, Prices.Now) >= cost
                        && price.CostOf(usage with { WebSearches = more }, Prices.Now) >= cost
                        && price.CostOf(usage with { InputTokens = input + more, CacheWriteTokens = more }, Prices.Now) >= cost
                        && price.BoundOf(input + more, output, Prices.Now) >= price.BoundOf(input, output, Prices.Now)
                        && price.BoundOf(input, output + more, Prices.Now) >= price.BoundOf(input, output, Prices.Now);
                },
                iter: 20_000);
    }

    [Fact]
    public void T75_AnyCounts_give_a_cost_that_is_not_negative()
    {
        Gen.Select(Gen.Int[0, _all.Length - 1], Gen.Long[0, long.MaxValue], Gen.Long[0, long.MaxValue], Gen.Long[0, long.MaxValue], Gen.Long[0, long.MaxValue])
            .Sample(
                (index, input, output, part, other) =>
                {
                    TokenUsage usage = new()
                    {
                        InputTokens = input, OutputTokens = output, CacheReadTokens = part, CacheWriteTokens = other, CacheWrite1hTokens = part,
                        AudioInputTokens = other, ImageInputTokens = part, CachedAudioInputTokens = other, ReasoningTokens = part, AudioOutputTokens = other,
                        ImageOutputTokens = part, WebSearches = other, ServiceTier = "priority",
                    };
                    return _all[index].CostOf(usage, Prices.Now).Nanos >= 0 && _all[index].BoundOf(input, output, Prices.Now).Nanos >= 0;
                },
                iter: 5_000);
    }
}
