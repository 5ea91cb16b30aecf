namespace BudgetGuard;

/// <summary>The sinks alerts go to: how they are doing, and a way to try one. A singleton service.</summary>
public interface IBudgetAlerts
{
    /// <summary>Every sink there is, configured or added, in the order of their names.</summary>
    IReadOnlyList<AlertSinkStatus> Sinks { get; }

    /// <summary>
    /// Sends an alert of type <see cref="AlertTypes.Test"/> to one sink, at once and in one attempt, whatever its filter, rate limit and circuit breaker say.
    /// A success closes the breaker. A failure of the sink is an answer and no exception.
    /// </summary>
    /// <exception cref="ArgumentException">There is no sink of that name; the message lists those there are.</exception>
    ValueTask<AlertTestResult> SendTestAsync(string sink, CancellationToken cancellationToken = default);
}

/// <summary>What became of a test.</summary>
/// <param name="IsDelivered">True if the receiver took it.</param>
/// <param name="Took">How long the attempt took.</param>
/// <param name="Failure">Why it was not delivered, without secrets; null if it was.</param>
public sealed record AlertTestResult(bool IsDelivered, TimeSpan Took, string? Failure);

/// <summary>What became of the alerts for one sink since the start, or since its configuration changed.</summary>
public sealed record AlertSinkStatus
{
    /// <summary>The sink's name.</summary>
    public required string Name { get; init; }

    /// <summary>True while the sink is left alone because it kept failing.</summary>
    public bool IsBroken { get; init; }

    /// <summary>How many messages were delivered, digests among them.</summary>
    public long Sent { get; init; }

    /// <summary>How many alerts were not sent one by one but counted in a digest.</summary>
    public long Folded { get; init; }

    /// <summary>How many alerts were given up because the application stopped.</summary>
    public long Dropped { get; init; }

    /// <summary>How many messages were not delivered in any of their attempts.</summary>
    public long Failed { get; init; }

    /// <summary>How many attempts were repeated.</summary>
    public long Retried { get; init; }

    /// <summary>When the last message was delivered; null if none was.</summary>
    public DateTimeOffset? LastSentAt { get; init; }

    /// <summary>Why the last message failed, without secrets; null if it did not.</summary>
    public string? LastFailure { get; init; }
}
