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
    AlertSink,
}

/// <summary>Logs failures: those of extension points once per kind, so that a broken one does not flood the log; those that may cost money each time.</summary>
internal sealed partial class FailureLog(SettingsSource settings, ILogger<FailureLog> logger)
{
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

        if (kind == FailureKind.AlertSink)
        {
            LogSinkFailed(failure);
            return;
        }

        LogFailed(kind, failure);
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

    [LoggerMessage(201, LogLevel.Error, "The {Kind} of the budget guard failed; FailOpen and OnStoreFailure say what happens to requests.", EventName = "GuardFailed")]
    private partial void LogFailed(FailureKind kind, Exception failure);

    [LoggerMessage(203, LogLevel.Error, "An alert was not sent by one of the sinks. No request depends on it, and other sinks are told.", EventName = "AlertNotSent")]
    private partial void LogSinkFailed(Exception failure);

    [LoggerMessage(202, LogLevel.Error, "The {Kind} failed. While FailOpen is true the default's answer stands. Further failures of this kind are not logged.", EventName = "ExtensionFailed")]
    private partial void LogExtensionFailed(FailureKind kind, Exception failure);
}
