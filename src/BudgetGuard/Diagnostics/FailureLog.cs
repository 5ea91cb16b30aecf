using BudgetGuard.Configuration;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Diagnostics;

/// <summary>What failed in the guard or in an extension point of it.</summary>
internal enum FailureKind
{
    Store,
    Settlement,
    Policy,
    UserExtractor,
    OperationExtractor,
    ModelExtractor,
    CostEstimator,
    Metering,
    Alerts,
    AlertSink,
}

/// <summary>
/// Logs failures: those of extension points once per kind; all others a few times a minute for each kind, then how many more there were.
/// A store that is down under load must not fill the disk too.
/// </summary>
internal sealed partial class FailureLog(SettingsSource settings, TimeProvider time, ILogger<FailureLog> logger)
{
    /// <summary>How many failures of one kind are logged in a minute.</summary>
    public const int MostAMinute = 10;

    private readonly Lock _gate = new();
    private readonly Minute[] _minutes = new Minute[Enum.GetValues<FailureKind>().Length];
    private int _reported;

    public void Report(FailureKind kind, Exception failure)
    {
        if (!settings.Current.LogErrors)
        {
            return;
        }

        if (kind is FailureKind.UserExtractor or FailureKind.OperationExtractor or FailureKind.ModelExtractor or FailureKind.CostEstimator)
        {
            int bit = 1 << (int)kind;
            if ((Interlocked.Or(ref _reported, bit) & bit) == 0)
            {
                LogExtensionFailed(kind, failure);
            }

            return;
        }

        bool isLogged = TryCount(kind, out long skipped);
        if (skipped > 0)
        {
            LogSkipped(skipped, kind);
        }

        if (isLogged)
        {
            LogFailed(kind, failure);
        }
    }

    /// <summary>An alert that one sink did not deliver.</summary>
    public void ReportSink(string sink, Exception failure)
    {
        if (!settings.Current.LogErrors)
        {
            return;
        }

        bool isLogged = TryCount(FailureKind.AlertSink, out long skipped);
        if (skipped > 0)
        {
            LogSkipped(skipped, FailureKind.AlertSink);
        }

        if (isLogged)
        {
            LogSinkFailed(sink, failure);
        }
    }

    public void ReportMetering(Exception failure) => Report(FailureKind.Metering, failure);

    /// <summary>Tells of the failure of a step that nobody waits for any more.</summary>
    public async Task WatchAsync(FailureKind kind, Task step)
    {
        try
        {
            await step.ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            Report(kind, failure);
        }
    }

    /// <summary>Whether a failure is among the first of its minute; when a minute begins, also how many the one before did not log.</summary>
    private bool TryCount(FailureKind kind, out long skipped)
    {
        long now = time.GetTimestamp();
        lock (_gate)
        {
            ref Minute minute = ref _minutes[(int)kind];
            skipped = 0;
            if (minute.Failures == 0 || time.GetElapsedTime(minute.Start, now) >= TimeSpan.FromMinutes(1))
            {
                skipped = Math.Max(0, minute.Failures - MostAMinute);
                minute = new Minute { Start = now };
            }

            return ++minute.Failures <= MostAMinute;
        }
    }

    [LoggerMessage(201, LogLevel.Error, "The {Kind} of the budget guard failed; FailOpen and OnStoreFailure say what happens to requests.", EventName = "GuardFailed")]
    private partial void LogFailed(FailureKind kind, Exception failure);

    [LoggerMessage(203, LogLevel.Error, "An alert was not sent by the sink {Sink}. No request depends on it, and other sinks are told.", EventName = "AlertNotSent")]
    private partial void LogSinkFailed(string sink, Exception failure);

    [LoggerMessage(202, LogLevel.Error, "The {Kind} failed. While FailOpen is true the default's answer stands. Further failures of this kind are not logged.", EventName = "ExtensionFailed")]
    private partial void LogExtensionFailed(FailureKind kind, Exception failure);

    [LoggerMessage(204, LogLevel.Error, "{Count} more failures of the {Kind} of the budget guard were not logged.", EventName = "FailuresSkipped")]
    private partial void LogSkipped(long count, FailureKind kind);

    private struct Minute
    {
        public long Start;
        public long Failures;
    }
}
