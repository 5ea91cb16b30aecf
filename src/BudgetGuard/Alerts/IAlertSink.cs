namespace BudgetGuard;

/// <summary>
/// Tells people. Called in the background (or before answering, with <see cref="BudgetGuardOptions.AsyncProcessing"/> false), one alert at a time; one
/// instance for the life of the application. Timeout, retries, circuit breaker, rate limit and digests are around it: a sink only sends.
/// </summary>
public interface IAlertSink
{
    /// <summary>The name by which metrics, logs and tests know it. Default: the name of its class.</summary>
    string Name => GetType().Name;

    /// <summary>Sends one alert.</summary>
    /// <exception cref="AlertDeliveryException">It was not delivered; says if and when to try again.</exception>
    /// <remarks>
    /// Any other exception counts as a failure that is worth another try. The same alert may come again, with the same <see cref="BudgetAlert.Id"/>: after a
    /// failure, and where a receiver took it but its answer was lost.
    /// </remarks>
    ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken);
}

/// <summary>
/// Makes the sinks of one type from their configuration under <c>BudgetGuard:Alerts:Sinks</c>. Register it as a singleton of this interface.
/// </summary>
public interface IAlertSinkFactory
{
    /// <summary>The value of <see cref="AlertSinkOptions.Type"/> it is for; upper and lower case are the same.</summary>
    string Type { get; }

    /// <summary>
    /// The names of the properties of <see cref="AlertSinkOptions"/> this type reads beside those that every type has: for those set but not named here the
    /// start is stopped. A <c>…File</c> twin is known with its property.
    /// </summary>
    IReadOnlyList<string> Keys { get; }

    /// <summary>What is wrong with a sink's options: the key, and a sentence that says what is and what is expected; never a secret's value.</summary>
    /// <remarks>The <c>…File</c> options were read into their properties before.</remarks>
    IEnumerable<(string Key, string Problem)> Check(AlertSinkOptions options);

    /// <summary>Makes a sink of options that passed the check. If it is disposable it is disposed when it is no longer configured.</summary>
    IAlertSink Create(string name, AlertSinkOptions options);
}

/// <summary>A sink did not deliver an alert.</summary>
/// <param name="message">What happened, without secrets: it is logged.</param>
/// <param name="innerException">The cause, if its text has no secrets either.</param>
public sealed class AlertDeliveryException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>True if another try would fail as well, such as for a wrong address. Default false.</summary>
    public bool IsPermanent { get; init; }

    /// <summary>How long the receiver asked to wait before another try; null if it did not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
