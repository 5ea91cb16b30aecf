namespace BudgetGuard;

/// <summary>
/// What <see cref="ModelPrice.Create"/> may be told besides the price of input and output. Rates are US dollars per million tokens;
/// a rate that is not set is charged as its whole is: cached input as input, reasoning as output.
/// </summary>
public sealed record ModelPriceOptions
{
    /// <summary>Tokens read from a prompt cache, in USD per million.</summary>
    public decimal? CachedInput { get; init; }

    /// <summary>Tokens written to a prompt cache for five minutes, in USD per million. Charged as input where it is lower.</summary>
    public decimal? CacheWrite { get; init; }

    /// <summary>Tokens written to a prompt cache for an hour, in USD per million. Default twice the input where <see cref="CacheWrite"/> is above it.</summary>
    public decimal? CacheWrite1h { get; init; }

    /// <summary>Audio in the prompt, in USD per million tokens.</summary>
    public decimal? AudioInput { get; init; }

    /// <summary>Audio in the answer, in USD per million tokens.</summary>
    public decimal? AudioOutput { get; init; }

    /// <summary>Images in the prompt, in USD per million tokens.</summary>
    public decimal? ImageInput { get; init; }

    /// <summary>Images in the answer, in USD per million tokens.</summary>
    public decimal? ImageOutput { get; init; }

    /// <summary>Reasoning, in USD per million tokens.</summary>
    public decimal? Reasoning { get; init; }

    /// <summary>A thousand requests, in USD, whatever their tokens.</summary>
    public decimal? PerThousandRequests { get; init; }

    /// <summary>A thousand web searches, in USD. Default 10, the usual price.</summary>
    public decimal? PerThousandWebSearches { get; init; }

    /// <summary>The most tokens the model generates in one answer; null if unknown.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>The most tokens the model reads and writes in one request; null if unknown.</summary>
    public int? ContextWindow { get; init; }

    /// <summary>True if the model really costs nothing; without it a price of zero is refused, so that a missing price is never free.</summary>
    public bool Free { get; init; }
}
