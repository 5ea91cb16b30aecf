using System.Globalization;

namespace BudgetGuard.Alerts.Sinks;

/// <summary>Posts alerts as JSON, signed by Standard Webhooks where there is a secret.</summary>
internal sealed class WebhookAlertSink(string name, AlertSinkOptions options, AlertHttp http, TimeProvider time) : IAlertSink
{
    /// <summary>Standard Webhooks advises that bodies stay below 20 KB.</summary>
    public const int MaxBytes = 20_000;

    private readonly Uri _url = new(options.Url!);
    private readonly bool _allowPrivateNetworks = options.AllowPrivateNetworks;
    private readonly bool _cloudEvents = options.CloudEvents;
    private readonly WebhookSignature? _signature = string.IsNullOrEmpty(options.Secret) ? null : WebhookSignature.Of(options.Secret);

    public string Name => name;

    public ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken)
    {
        byte[] body = Body(alert, _cloudEvents);
        string id = alert.Id.ToString();
        long timestamp = time.GetUtcNow().ToUnixTimeSeconds();
        List<(string Name, string Value)> headers = [("webhook-id", id), ("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture))];
        if (_signature is not null)
        {
            headers.Add(("webhook-signature", _signature.Sign(id, timestamp, body)));
        }

        return http.SendAsync(
            new AlertPost(_url, body, _allowPrivateNetworks)
            {
                ContentType = _cloudEvents ? "application/cloudevents+json" : AlertHttp.JsonType,
                Headers = headers,
            },
            cancellationToken);
    }

    public static byte[] Body(BudgetAlert alert, bool cloudEvents) => AlertJson.Fit(MaxBytes, (writer, extent) =>
    {
        if (!cloudEvents)
        {
            AlertJson.WriteAlert(writer, alert, extent);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("specversion"u8, "1.0"u8);
        writer.WriteString("id"u8, alert.Id);
        writer.WriteString("source"u8, "/budgetguard"u8);
        writer.WriteString("type"u8, $"budgetguard.{alert.Type}");
        writer.WriteString("time"u8, alert.At.UtcDateTime);

        // Unlike the data, attributes may neither have control characters nor be empty.
        if (AlertText.Line(alert.Budget, extent.Value) is var subject && !string.IsNullOrWhiteSpace(subject))
        {
            writer.WriteString("subject"u8, subject);
        }

        writer.WriteString("datacontenttype"u8, AlertHttp.JsonType);
        writer.WritePropertyName("data"u8);
        AlertJson.WriteAlert(writer, alert, extent);
        writer.WriteEndObject();
    });
}

/// <summary>Makes the sinks of type <c>Webhook</c>.</summary>
internal sealed class WebhookAlertSinkFactory(AlertHttp http, TimeProvider time) : IAlertSinkFactory
{
    public string Type => "Webhook";

    public IReadOnlyList<string> Keys { get; } =
        [nameof(AlertSinkOptions.Url), nameof(AlertSinkOptions.Secret), nameof(AlertSinkOptions.CloudEvents), nameof(AlertSinkOptions.AllowPrivateNetworks)];

    public IEnumerable<(string Key, string Problem)> Check(AlertSinkOptions options)
    {
        if (SinkUrl.Problem(options, "https://example.com/alerts") is { } url)
        {
            yield return (nameof(options.Url), url);
        }

        if (options.Secret is { } secret && WebhookSignature.Problem(secret) is { } problem)
        {
            yield return (nameof(options.Secret), problem);
        }
    }

    public IAlertSink Create(string name, AlertSinkOptions options) => new WebhookAlertSink(name, options, http, time);
}
