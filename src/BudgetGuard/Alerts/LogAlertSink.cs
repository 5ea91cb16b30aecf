using Microsoft.Extensions.Logging;

namespace BudgetGuard.Alerts;

/// <summary>Writes alerts to the log category <c>BudgetGuard.Alerts</c>.</summary>
internal sealed partial class LogAlertSink(ILoggerFactory loggers) : IAlertSink
{
    private readonly ILogger _logger = loggers.CreateLogger("BudgetGuard.Alerts");

    public string Name => "log";

    public ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken)
    {
        LogLevel level = alert.Severity switch
        {
            AlertSeverity.Critical => LogLevel.Error,
            AlertSeverity.Warning => LogLevel.Warning,
            _ => LogLevel.Information,
        };
        LogAlert(level, alert.Type, alert.Message, alert.ResetsAt);
        return ValueTask.CompletedTask;
    }

    [LoggerMessage(EventId = 400, Message = "{AlertType}: {AlertMessage}; starts anew {ResetsAt:O}", EventName = "Alert")]
    private partial void LogAlert(LogLevel level, string alertType, string alertMessage, DateTimeOffset? resetsAt);
}
