using System.Text.Json;
using System.Text.Json.Serialization;

namespace BudgetGuard.Api.Deciding;

/// <summary>What another framework asks: may this be done, and hold its money.</summary>
internal sealed record DecisionInput
{
    /// <summary>The caller's own name for the decision, which makes asking again harmless.</summary>
    public string? Id { get; init; }

    /// <summary>Who pays.</summary>
    public string? User { get; init; }

    /// <summary>What is done; without one it is what the model API of <see cref="Path"/> does.</summary>
    public string? Operation { get; init; }

    /// <summary>The model, where <see cref="Request"/> and <see cref="Path"/> name none.</summary>
    public string? Model { get; init; }

    /// <summary>The team of the user.</summary>
    public string? Team { get; init; }

    /// <summary>What it may cost at most, in US dollars; instead of <see cref="Request"/>.</summary>
    public UsdAmount? EstimatedCost { get; init; }

    /// <summary>The JSON body for the model API.</summary>
    public JsonElement? Request { get; init; }

    /// <summary>Where <see cref="Request"/> will be sent, for example <c>/v1/chat/completions</c>.</summary>
    public string? Path { get; init; }

    /// <summary>How long the hold lasts, in seconds.</summary>
    public int? TtlSeconds { get; init; }
}

/// <summary>What the work really used: its cost, or the provider's usage block and the model it is of.</summary>
internal sealed record SettleInput
{
    public UsdAmount? Cost { get; init; }

    public string? Model { get; init; }

    public JsonElement? Usage { get; init; }
}

/// <summary>How much more may be needed.</summary>
internal sealed record ExtendInput
{
    public UsdAmount? Cost { get; init; }
}

/// <summary>The work may be done, and its money is held.</summary>
internal sealed record AllowedAnswer
{
    [JsonPropertyOrder(-1)]
    public string Decision { get; } = "allow";

    public required string HoldId { get; init; }

    /// <summary>What is held, in US dollars.</summary>
    public required decimal EstimatedCost { get; init; }

    public required DateTime ExpiresAt { get; init; }

    /// <summary>The budget that has the least left; null where none applies.</summary>
    public required string? Budget { get; init; }

    /// <summary>What that budget has left, in US dollars; null where it counts something else.</summary>
    public required decimal? Remaining { get; init; }

    /// <summary>True if the store is down, so that nothing is held.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Degraded { get; init; }
}

/// <summary>The work may not be done: what to answer to whoever asked for it, ready to be sent on.</summary>
internal sealed record DeniedAnswer
{
    public required string Decision { get; init; }

    public required int Status { get; init; }

    /// <summary>Seconds until it would be allowed; null if waiting does not help.</summary>
    public required long? RetryAfter { get; init; }

    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    public required JsonElement Body { get; init; }
}

/// <summary>What was charged, in US dollars.</summary>
internal sealed record SettledAnswer(decimal Cost);
