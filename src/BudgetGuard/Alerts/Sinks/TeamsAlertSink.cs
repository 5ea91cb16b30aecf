using System.Text.Json;

namespace BudgetGuard.Alerts.Sinks;

/// <summary>Posts alerts as an Adaptive Card to a webhook of Teams' Workflows.</summary>
internal sealed class TeamsAlertSink(string name, AlertSinkOptions options, AlertHttp http) : IAlertSink
{
    /// <summary>Teams takes messages of up to 28 KB, its own additions included.</summary>
    public const int MaxBytes = 26_000;

    private readonly Uri _url = new(options.Url!);
    private readonly bool _allowPrivateNetworks = options.AllowPrivateNetworks;

    public string Name => name;

    public ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken) =>
        http.SendAsync(new AlertPost(_url, Body(alert), _allowPrivateNetworks), cancellationToken);

    public static byte[] Body(BudgetAlert alert) => AlertJson.Fit(MaxBytes, (writer, extent) =>
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "message"u8);
        writer.WriteStartArray("attachments"u8);
        writer.WriteStartObject();
        writer.WriteString("contentType"u8, "application/vnd.microsoft.card.adaptive"u8);
        writer.WriteNull("contentUrl"u8);
        writer.WritePropertyName("content"u8);
        WriteCard(writer, alert, extent);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    private static void WriteCard(Utf8JsonWriter writer, BudgetAlert alert, AlertJson.Extent extent)
    {
        writer.WriteStartObject();
        writer.WriteString("$schema"u8, "http://adaptivecards.io/schemas/adaptive-card.json"u8);
        writer.WriteString("type"u8, "AdaptiveCard"u8);
        writer.WriteString("version"u8, "1.4"u8);
        writer.WriteStartArray("body"u8);
        WriteText(writer, AlertFacts.Title(alert), extent.Text, isTitle: true, Color(alert));
        WriteText(writer, alert.Message, extent.Text);
        WriteFacts(writer, alert, extent);
        foreach (string item in AlertFacts.Items(alert, Math.Min(extent.Items, AlertFacts.MaxItems)))
        {
            WriteText(writer, "• " + item, extent.Value);
        }

        WriteText(writer, AlertFacts.Footer(alert), extent.Text, isSmall: true);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteFacts(Utf8JsonWriter writer, BudgetAlert alert, AlertJson.Extent extent)
    {
        (string Label, string Value)[] facts = [.. AlertFacts.Of(alert)];
        if (facts.Length == 0)
        {
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, "FactSet"u8);
        writer.WriteStartArray("facts"u8);
        foreach ((string label, string value) in facts)
        {
            writer.WriteStartObject();
            writer.WriteString("title"u8, Escaped(label, extent.Value));
            writer.WriteString("value"u8, Escaped(value, extent.Value));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, string text, int max, bool isTitle = false, string? color = null, bool isSmall = false)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "TextBlock"u8);
        writer.WriteString("text"u8, Escaped(text, max));
        writer.WriteBoolean("wrap"u8, true);
        if (isTitle)
        {
            writer.WriteString("size"u8, "Medium"u8);
            writer.WriteString("weight"u8, "Bolder"u8);
            writer.WriteString("color"u8, color);
        }

        if (isSmall)
        {
            writer.WriteString("size"u8, "Small"u8);
            writer.WriteBoolean("isSubtle"u8, true);
        }

        writer.WriteEndObject();
    }

    private static string Color(BudgetAlert alert) => alert.Severity switch
    {
        _ when alert.Type == AlertTypes.Recovered => "Good",
        AlertSeverity.Critical => "Attention",
        AlertSeverity.Warning => "Warning",
        _ => "Accent",
    };

    private static string Escaped(string text, int max) => AlertText.NotBlank(AlertText.Line(text, max, AlertText.Markdown));
}

/// <summary>Makes the sinks of type <c>Teams</c>.</summary>
internal sealed class TeamsAlertSinkFactory(AlertHttp http) : IAlertSinkFactory
{
    public string Type => "Teams";

    public IReadOnlyList<string> Keys { get; } = [nameof(AlertSinkOptions.Url), nameof(AlertSinkOptions.AllowPrivateNetworks)];

    public IEnumerable<(string Key, string Problem)> Check(AlertSinkOptions options) =>
        SinkUrl.Problem(options, "https://….logic.azure.com/workflows/…") is { } problem ? [(nameof(options.Url), problem)] : [];

    public IAlertSink Create(string name, AlertSinkOptions options) => new TeamsAlertSink(name, options, http);
}
