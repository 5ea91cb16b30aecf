namespace BudgetGuard.Alerts.Sinks;

/// <summary>Writes alerts to the standard output: one line each, and one for each line of a digest. Nothing of it moves a terminal's cursor.</summary>
/// <param name="name">The name of the sink.</param>
/// <param name="output">Where to; the standard output as it is at the time where null.</param>
internal sealed class ConsoleAlertSink(string name, TextWriter? output = null) : IAlertSink
{
    public string Name => name;

    public async ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken)
    {
        string text = $"{AlertFacts.Time(alert.At)} {AlertFacts.Severity(alert.Severity)} {alert.Type}: {AlertText.Line(alert.Message, 1024)}{Environment.NewLine}";
        foreach (string item in AlertFacts.Items(alert))
        {
            text += $"  - {AlertText.Line(item, 256)}{Environment.NewLine}";
        }

        // At once, so that no other line comes in between.
        await (output ?? Console.Out).WriteAsync(text.AsMemory(), cancellationToken).ConfigureAwait(false);
    }
}

/// <summary>Makes the sinks of type <c>Console</c>.</summary>
internal sealed class ConsoleAlertSinkFactory : IAlertSinkFactory
{
    public string Type => "Console";

    public IReadOnlyList<string> Keys => [];

    public IEnumerable<(string Key, string Problem)> Check(AlertSinkOptions options) => [];

    public IAlertSink Create(string name, AlertSinkOptions options) => new ConsoleAlertSink(name);
}
