using BudgetGuard.Diagnostics;
using Microsoft.Extensions.Logging;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace BudgetGuard.Alerts.Delivery;

/// <summary>
/// Metrics and log lines of the delivery. What is dropped is counted at once, without a log line on a request's way, and logged by <see cref="TellDropped"/>.
/// </summary>
internal sealed partial class DeliveryLog(GuardMetrics metrics, FailureLog failures, ILogger<DeliveryLog> logger)
{
    private long _dropped;

    /// <summary>How many were dropped since <see cref="TellDropped"/> last told.</summary>
    public long DroppedSinceTold => Interlocked.Read(ref _dropped);

    /// <summary>Counts alerts that nobody will be told; without a sink they did not even reach the sinks.</summary>
    public void Dropped(string? sink, int count)
    {
        Interlocked.Add(ref _dropped, count);
        metrics.AlertsDropped(sink, count);
    }

    public void Sent(string sink, BudgetAlert alert, TimeSpan took) => metrics.AlertSent(sink, alert.Type, took);

    public void Folded(string sink) => metrics.AlertFolded(sink);

    public void Retried(string sink) => metrics.AlertRetried(sink);

    public void ToldElsewhere() => metrics.AlertToldElsewhere();

    public void Failed(string sink, Exception failure)
    {
        metrics.AlertFailed(sink);
        failures.ReportSink(sink, failure);
    }

    public void Broken(string sink, bool isBroken)
    {
        if (isBroken)
        {
            LogBroken(sink, SinkPipeline.BreakDuration.TotalSeconds);
        }
        else
        {
            LogWorksAgain(sink);
        }
    }

    /// <summary>Logs how many alerts were dropped since it was last asked.</summary>
    public void TellDropped()
    {
        if (Interlocked.Exchange(ref _dropped, 0) is > 0 and long count)
        {
            LogDropped(count);
        }
    }

    /// <summary>The sinks of a changed configuration could not be made.</summary>
    public void NotRebuilt(Exception failure) => LogNotRebuilt(failure.GetType().Name);

    /// <summary>A digest that nobody will be told, because the application stops.</summary>
    public void DigestLost(string sink, long alerts) => LogDigestLost(sink, alerts);

    /// <summary>Why a send failed, in words that hold no secret: those of a sink that is not ours are not repeated.</summary>
    public static string Reason(Exception failure) => failure switch
    {
        AlertDeliveryException => failure.Message,
        TimeoutRejectedException => "It did not answer in time.",
        BrokenCircuitException => "It kept failing and is left alone for a while.",
        _ => $"It failed with {failure.GetType().Name}.",
    };

    [LoggerMessage(410, LogLevel.Warning, "{Count} alerts were dropped: more came than could be handed on, or the application stopped before they were sent.", EventName = "AlertsDropped")]
    private partial void LogDropped(long count);

    [LoggerMessage(411, LogLevel.Warning, "The alert sink {Sink} keeps failing and is left alone for {Seconds} seconds.", EventName = "AlertSinkBroken")]
    private partial void LogBroken(string sink, double seconds);

    [LoggerMessage(412, LogLevel.Information, "The alert sink {Sink} works again.", EventName = "AlertSinkWorks")]
    private partial void LogWorksAgain(string sink);

    [LoggerMessage(413, LogLevel.Warning, "The application stopped before the alert sink {Sink} was sent a digest of {Count} alerts.", EventName = "AlertDigestLost")]
    private partial void LogDigestLost(string sink, long count);

    [LoggerMessage(414, LogLevel.Error, "The alert sinks of the changed configuration could not be made ({Failure}); those there were stay.", EventName = "AlertSinksNotRebuilt")]
    private partial void LogNotRebuilt(string failure);
}
