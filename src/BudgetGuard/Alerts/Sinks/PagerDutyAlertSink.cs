using BudgetGuard.Alerts.Delivery;

namespace BudgetGuard.Alerts.Sinks;

/// <summary>Opens incidents of a PagerDuty service by its Events API v2, and closes them when what they are about is over.</summary>
internal sealed class PagerDutyAlertSink(string name, AlertSinkOptions options, AlertHttp http) : IIncidentSink
{
    public const string DefaultUrl = "https://events.pagerduty.com/v2/enqueue";

    private const int MaxSummary = 1024;

    // Far below the 512 KB an event may have.
    private const int MaxBytes = 64 * 1024;

    private readonly Uri _url = new(options.Url ?? DefaultUrl);
    private readonly string _routingKey = options.RoutingKey!;
    private readonly bool _allowPrivateNetworks = options.AllowPrivateNetworks;

    public string Name => name;

    public ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken) =>
        http.SendAsync(new AlertPost(_url, Body(alert, _routingKey), _allowPrivateNetworks), cancellationToken);

    public static byte[] Body(BudgetAlert alert, string routingKey) => AlertJson.Fit(MaxBytes, (writer, extent) =>
    {
        bool isOver = alert.Type == AlertTypes.Recovered;
        writer.WriteStartObject();
        writer.WriteString("routing_key"u8, routingKey);
        writer.WriteString("event_action"u8, isOver ? "resolve"u8 : "trigger"u8);
        writer.WriteString("dedup_key"u8, alert.IncidentKey);
        if (!isOver)
        {
            writer.WriteString("client"u8, "BudgetGuard"u8);
            writer.WriteStartObject("payload"u8);
            writer.WriteString("summary"u8, AlertText.Line(AlertFacts.Title(alert) + ": " + alert.Message, MaxSummary));
            writer.WriteString("source"u8, "BudgetGuard"u8);
            writer.WriteString("severity"u8, Severity(alert.Severity));
            writer.WriteString("timestamp"u8, alert.At.UtcDateTime);
            if (AlertText.Line(alert.Budget, extent.Value) is var component && !string.IsNullOrWhiteSpace(component))
            {
                writer.WriteString("component"u8, component);
            }

            writer.WriteString("class"u8, alert.Type);
            writer.WritePropertyName("custom_details"u8);
            AlertJson.WriteAlert(writer, alert, extent);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    });

    private static string Severity(AlertSeverity severity) => severity switch
    {
        AlertSeverity.Critical => "critical",
        AlertSeverity.Warning => "warning",
        _ => "info",
    };
}

/// <summary>Makes the sinks of type <c>PagerDuty</c>.</summary>
internal sealed class PagerDutyAlertSinkFactory(AlertHttp http) : IAlertSinkFactory
{
    private const int KeyLength = 32;

    public string Type => "PagerDuty";

    public IReadOnlyList<string> Keys { get; } = [nameof(AlertSinkOptions.RoutingKey), nameof(AlertSinkOptions.Url), nameof(AlertSinkOptions.AllowPrivateNetworks)];

    public IEnumerable<(string Key, string Problem)> Check(AlertSinkOptions options)
    {
        if (string.IsNullOrWhiteSpace(options.RoutingKey))
        {
            yield return (nameof(options.RoutingKey), "is missing; expected the integration key of a service (Events API v2)");
        }
        else if (options.RoutingKey.Length != KeyLength || !options.RoutingKey.All(char.IsAsciiLetterOrDigit))
        {
            yield return (nameof(options.RoutingKey), $"is no integration key; expected {KeyLength} letters and digits");
        }

        if (options.Url is not null && SinkUrl.Problem(options, PagerDutyAlertSink.DefaultUrl) is { } problem)
        {
            yield return (nameof(options.Url), problem);
        }
    }

    public IAlertSink Create(string name, AlertSinkOptions options) => new PagerDutyAlertSink(name, options, http);
}
