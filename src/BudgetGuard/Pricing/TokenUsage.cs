namespace BudgetGuard;

/// <summary>
/// What a model call really used, normalized over providers. Counts are never negative. The parts (cached, audio, image, reasoning)
/// are contained in their totals; where parts exceed a total, the larger reading is charged.
/// </summary>
public sealed record TokenUsage
{
    /// <summary>The model that answered; null means the model of the request.</summary>
    public string? Model { get; init; }

    /// <summary>All prompt tokens, those read from and written to a cache included.</summary>
    public long InputTokens { get; init; }

    /// <summary>All generated tokens, reasoning included.</summary>
    public long OutputTokens { get; init; }

    /// <summary>The part of <see cref="InputTokens"/> that was read from a cache.</summary>
    public long CacheReadTokens { get; init; }

    /// <summary>The part of <see cref="InputTokens"/> that was written to a cache that lives five minutes, or of unknown life.</summary>
    public long CacheWriteTokens { get; init; }

    /// <summary>The part of <see cref="InputTokens"/> that was written to a cache that lives an hour.</summary>
    public long CacheWrite1hTokens { get; init; }

    /// <summary>The part of <see cref="OutputTokens"/> that was reasoning.</summary>
    public long ReasoningTokens { get; init; }

    /// <summary>The part of <see cref="InputTokens"/> that was audio.</summary>
    public long AudioInputTokens { get; init; }

    /// <summary>The part of <see cref="CacheReadTokens"/> that was audio.</summary>
    public long CachedAudioInputTokens { get; init; }

    /// <summary>The part of <see cref="OutputTokens"/> that was audio.</summary>
    public long AudioOutputTokens { get; init; }

    /// <summary>The part of <see cref="InputTokens"/> that was images.</summary>
    public long ImageInputTokens { get; init; }

    /// <summary>The part of <see cref="OutputTokens"/> that was images.</summary>
    public long ImageOutputTokens { get; init; }

    /// <summary>Whole seconds of audio, where the model is billed by time and not by tokens.</summary>
    public long AudioSeconds { get; init; }

    /// <summary>Web searches the provider ran and bills apart.</summary>
    public long WebSearches { get; init; }

    /// <summary>The service tier the answer names (for example <c>flex</c>, <c>priority</c>, <c>batch</c>), if any.</summary>
    public string? ServiceTier { get; init; }

    /// <summary>The cost in US dollars that the provider itself reported; when set it is what is charged.</summary>
    public decimal? ReportedCostUsd { get; init; }

    /// <summary>
    /// Set where several models worked on one answer: what each of them used, which is priced in place of the whole. The totals of the whole are their sums.
    /// </summary>
    internal IReadOnlyList<TokenUsage>? Parts { get; init; }
}
