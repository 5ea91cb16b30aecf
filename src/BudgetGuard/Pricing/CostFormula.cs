namespace BudgetGuard.Pricing;

/// <summary>Tokens times rates: one sum, divided once, rounded up once, so that a call is charged less than a nano-dollar too much and never too little.</summary>
internal static class CostFormula
{
    private const long TokensPerRate = 1_000_000;

    // Fees are per thousand; the sum is in nano-dollars per million.
    private const long FeeScale = TokensPerRate / 1000;
    private const long SecondsPerHour = 3600;

    /// <summary>What a call cost. Where parts exceed their total, the parts are what is charged.</summary>
    public static Money Of(PricePeriod period, TokenUsage usage, int tenths)
    {
        Int128 audio = Above(usage.AudioInputTokens, usage.CachedAudioInputTokens);
        Int128 textReads = Above(usage.CacheReadTokens, usage.CachedAudioInputTokens);
        Int128 cached = textReads + usage.CachedAudioInputTokens + usage.CacheWriteTokens + usage.CacheWrite1hTokens;
        Int128 prompt = Int128.Max(usage.InputTokens, (Int128)usage.AudioInputTokens + usage.ImageInputTokens);

        // Audio and images only count as parts where they are priced apart, so the size of the prompt must not depend on the card it selects.
        Int128 size = Int128.Max(prompt, cached);
        RateCard card = period.CardFor(size);

        Int128 parts = cached;
        UInt128 sum = Times(textReads, card.CachedInput)
            + Times(usage.CachedAudioInputTokens, card.CachedAudioInput)
            + Times(usage.CacheWriteTokens, card.CacheWrite)
            + Times(usage.CacheWrite1hTokens, card.CacheWrite1h)
            + Part(audio, card.AudioInput, ref parts)
            + Part(usage.ImageInputTokens, card.ImageInput, ref parts);
        sum += Times(Above(prompt, parts), card.Input);

        parts = 0;
        sum += Part(usage.ReasoningTokens, card.Reasoning, ref parts)
            + Part(usage.AudioOutputTokens, card.AudioOutput, ref parts)
            + Part(usage.ImageOutputTokens, card.ImageOutput, ref parts);
        Int128 answer = Int128.Max(
            Int128.Max(usage.OutputTokens, usage.ReasoningTokens), (Int128)usage.AudioOutputTokens + usage.ImageOutputTokens);
        sum += Times(Above(answer, parts), card.Output);

        UInt128 fees = Times(usage.WebSearches, period.PerThousandSearches) + (UInt128)period.PerThousandRequests + AudioFee(period, usage.AudioSeconds);
        return Finish(sum, fees, tenths);
    }

    /// <summary>The most a call of that many tokens costs in a period: at the dearest of all tiers that a prompt of that size can reach.</summary>
    public static Money Bound(
        PricePeriod period, long inputTokens, long outputTokens, long audioSeconds, int tenths, CallTraits traits, bool writesUnasked)
    {
        UInt128 dearest = BoundAt(period.Card, inputTokens, outputTokens, traits, writesUnasked);
        foreach (PriceTier tier in period.Tiers)
        {
            if (inputTokens > tier.Above)
            {
                dearest = UInt128.Max(dearest, BoundAt(tier.Card, inputTokens, outputTokens, traits, writesUnasked));
            }
        }

        return Finish(dearest, (UInt128)period.PerThousandRequests + AudioFee(period, audioSeconds), tenths);
    }

    /// <summary>What audio costs, as the fees are: in thousandths of nano-dollars, rounded up, which rounds the whole no further up than it would be.</summary>
    private static UInt128 AudioFee(PricePeriod period, long seconds) =>
        (Times(seconds, period.PerAudioHour ?? 0) * 1000 + (SecondsPerHour - 1)) / SecondsPerHour;

    private static UInt128 BoundAt(RateCard card, long inputTokens, long outputTokens, CallTraits traits, bool writesUnasked) =>
        Times(inputTokens, card.DearestInput(traits, writesUnasked)) + Times(outputTokens, card.DearestOutput);

    /// <summary>What a part costs that is priced apart; one that is not stays in the rest.</summary>
    private static UInt128 Part(Int128 tokens, long? rate, ref Int128 parts)
    {
        if (rate is null)
        {
            return 0;
        }

        parts += tokens;
        return Times(tokens, rate.Value);
    }

    private static Int128 Above(Int128 total, Int128 part) => total > part ? total - part : 0;

    private static UInt128 Times(Int128 tokens, long rate) => (UInt128)tokens * (UInt128)rate;

    private static Money Finish(UInt128 tokens, UInt128 fees, int tenths)
    {
        // The largest sum: less than 2^67 tokens at 2^47 nano-dollars at six times, which is far within 128 bits.
        const long Divisor = TokensPerRate * ServiceTiers.Standard;
        UInt128 total = tokens * (UInt128)tenths + fees * FeeScale * ServiceTiers.Standard;
        UInt128 nanos = (total + (Divisor - 1)) / Divisor;
        return Money.FromNanos(nanos > long.MaxValue ? long.MaxValue : (long)nanos);
    }
}
