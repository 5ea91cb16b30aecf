using System.Globalization;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Alerts.Sinks;

/// <summary>Writes alerts to the log category <c>BudgetGuard.Alerts</c>.</summary>
internal sealed partial class LogAlertSink(ILoggerFactory loggers, string name = "log") : IAlertSink
{
    private readonly ILogger _logger = loggers.CreateLogger("BudgetGuard.Alerts");

    public string Name => name;

    public ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken)
    {
        LogLevel level = alert.Severity switch
        {
            AlertSeverity.Critical => LogLevel.Error,
            AlertSeverity.Warning => LogLevel.Warning,
            _ => LogLevel.Information,
        };
        if (!_logger.IsEnabled(level))
        {
            return ValueTask.CompletedTask;
        }

        string message = AlertText.Line(alert.Message, 1024);
        if (alert.Items.Count == 0)
        {
            LogAlert(level, alert.Type, message, alert.ResetsAt is { } resets ? string.Create(CultureInfo.InvariantCulture, $"; starts anew {resets:O}") : string.Empty);
        }
        else
        {
            string items = string.Join("; ", AlertFacts.Items(alert).Select(static item => AlertText.Line(item, 256)));
            LogItems(level, alert.Type, message, items);
        }

        return ValueTask.CompletedTask;
    }

    [LoggerMessage(EventId = 400, Message = "{AlertType}: {AlertMessage}{StartsAnew}", EventName = "Alert")]
    private partial void LogAlert(LogLevel level, string alertType, string alertMessage, string startsAnew);

    [LoggerMessage(EventId = 401, Message = "{AlertType}: {AlertMessage}: {AlertItems}", EventName = "AlertItems")]
    private partial void LogItems(LogLevel level, string alertType, string alertMessage, string alertItems);
}

/// <summary>Makes the sinks of type <c>Log</c>.</summary>
internal sealed class LogAlertSinkFactory(ILoggerFactory loggers) : IAlertSinkFactory
{
    public string Type => "Log";

    public IReadOnlyList<string> Keys => [];

    public IEnumerable<(string Key, string Problem)> Check(AlertSinkOptions options) => [];

    public IAlertSink Create(string name, AlertSinkOptions options) => new LogAlertSink(loggers, name);
}
