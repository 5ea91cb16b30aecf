namespace BudgetGuard.Pricing;

/// <summary>The rates of prompts with more tokens than <paramref name="Above"/>: all tokens of such a request take them.</summary>
internal sealed record PriceTier(long Above, RateCard Card);

/// <summary>The hours of the day, in minutes UTC, in which a price holds; they may go over midnight.</summary>
internal readonly record struct DailyHours(int Start, int End)
{
    public bool Contains(DateTimeOffset at)
    {
        int minute = (int)(at.UtcDateTime.TimeOfDay.Ticks / TimeSpan.TicksPerMinute);
        return Start <= End ? minute >= Start && minute < End : minute >= Start || minute < End;
    }
}

/// <summary>One price of a model, with the date and the hours in which it holds.</summary>
internal sealed class PricePeriod(RateCard card)
{
    public RateCard Card { get; } = card;

    /// <summary>What OpenAI, Anthropic and OpenRouter ask for a thousand searches: charged where a price says nothing of them, because they are never free.</summary>
    public const long UsualSearchFee = 10 * Money.NanosPerUsd;

    /// <summary>By rising prompt size.</summary>
    public PriceTier[] Tiers { get; init; } = [];

    public DateTimeOffset? From { get; init; }

    public DailyHours? Hours { get; init; }

    /// <summary>Nano-dollars for a thousand requests, whatever their tokens.</summary>
    public long PerThousandRequests { get; init; }

    /// <summary>Nano-dollars for a thousand web searches.</summary>
    public long PerThousandSearches { get; init; } = UsualSearchFee;

    /// <summary>Nano-dollars for an hour of audio; null where the model is not billed by time.</summary>
    public long? PerAudioHour { get; init; }

    /// <summary>False where nothing but time is billed: then a token has no price.</summary>
    public bool PricesTokens { get; init; } = true;

    public bool IsInForce(DateTimeOffset at) => (From is null || at >= From) && (Hours is null || Hours.Value.Contains(at));

    public RateCard CardFor(Int128 promptTokens)
    {
        for (int i = Tiers.Length - 1; i >= 0; i--)
        {
            if (promptTokens > Tiers[i].Above)
            {
                return Tiers[i].Card;
            }
        }

        return Card;
    }

    /// <summary>The same period with every token that many times as dear; fees stay.</summary>
    public PricePeriod Times(int factor) => new(Card.Times(factor))
    {
        Tiers = Array.ConvertAll(Tiers, tier => tier with { Card = tier.Card.Times(factor) }),
        From = From,
        Hours = Hours,
        PerThousandRequests = PerThousandRequests,
        PerThousandSearches = PerThousandSearches,
        PerAudioHour = PerAudioHour,
        PricesTokens = PricesTokens,
    };
}
