using System.Text.Json;
using BudgetGuard.Alerts.Delivery;

namespace BudgetGuard.Alerts.Sinks;

/// <summary>Posts alerts as an embed to a webhook of a Discord channel.</summary>
internal sealed class DiscordAlertSink(string name, AlertSinkOptions options, AlertHttp http) : IAlertSink
{
    // Below what https://discord.com/developers/docs/resources/message#embed-object-embed-limits allows one by one, and below its 6000 characters in all:
    // 256 + 1000 + 21 x 90 + 16 x (64 + 80) + 200.
    private const int MaxTitle = 256;
    private const int MaxMessage = 1000;
    private const int MaxItem = 88;
    private const int MaxLabel = 64;
    private const int MaxValue = 80;
    private const int MaxFooter = 200;

    private readonly Uri _url = WithWait(new Uri(options.Url!));
    private readonly bool _allowPrivateNetworks = options.AllowPrivateNetworks;

    public string Name => name;

    public async ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken)
    {
        AlertAnswer answer = await http.PostAsync(new AlertPost(_url, Body(alert), _allowPrivateNetworks), cancellationToken).ConfigureAwait(false);
        if (!answer.IsSuccess)
        {
            // The body is exact where the header is in whole seconds, or missing: the longer of the two is right in any case.
            TimeSpan? told = answer.Status == 429 ? RetryAfter(answer.Body) : null;
            throw AlertHttp.Failure(answer with { RetryAfter = told is null || answer.RetryAfter > told ? answer.RetryAfter : told });
        }
    }

    /// <summary>Without <c>wait</c> Discord answers before it has looked at the message, and tells nobody that it threw it away.</summary>
    public static Uri WithWait(Uri url)
    {
        IEnumerable<string> others = url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Where(static pair => pair != "wait" && !pair.StartsWith("wait=", StringComparison.Ordinal));
        return new UriBuilder(url) { Query = string.Join('&', others.Append("wait=true")) }.Uri;
    }

    public static byte[] Body(BudgetAlert alert) => AlertJson.Write(writer =>
    {
        writer.WriteStartObject();

        // Whatever a user's name says, nobody is called by it.
        writer.WriteStartObject("allowed_mentions"u8);
        writer.WriteStartArray("parse"u8);
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteStartArray("embeds"u8);
        writer.WriteStartObject();
        writer.WriteString("title"u8, Escaped(AlertFacts.Title(alert), MaxTitle));
        writer.WriteString("description"u8, string.Join('\n', AlertFacts.Items(alert).Select(static item => "• " + Escaped(item, MaxItem - 2)).Prepend(Escaped(alert.Message, MaxMessage))));
        writer.WriteNumber("color"u8, Color(alert));
        writer.WriteString("timestamp"u8, alert.At.UtcDateTime);
        writer.WriteStartArray("fields"u8);
        foreach ((string label, string value) in AlertFacts.Of(alert))
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, Escaped(label, MaxLabel));
            writer.WriteString("value"u8, Escaped(value, MaxValue));
            writer.WriteBoolean("inline"u8, true);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartObject("footer"u8);
        writer.WriteString("text"u8, AlertText.Line(AlertFacts.Footer(alert), MaxFooter));
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    private static TimeSpan? RetryAfter(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("retry_after"u8, out JsonElement value)
                && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double seconds) && double.IsFinite(seconds)
                ? AlertHttp.Capped(TimeSpan.FromSeconds(Math.Clamp(seconds, 0, SinkPipeline.LongestRetryAfter.TotalSeconds)))
                : null;
        }
        catch (JsonException)
        {
            // A proxy's page instead of Discord's answer.
            return null;
        }
    }

    private static int Color(BudgetAlert alert) => alert.Severity switch
    {
        _ when alert.Type == AlertTypes.Recovered => 0x2E7D32,
        AlertSeverity.Critical => 0xC62828,
        AlertSeverity.Warning => 0xEF6C00,
        _ => 0x1565C0,
    };

    private static string Escaped(string text, int max) => AlertText.NotBlank(AlertText.Line(text, max, AlertText.Markdown));
}

/// <summary>Makes the sinks of type <c>Discord</c>.</summary>
internal sealed class DiscordAlertSinkFactory(AlertHttp http) : IAlertSinkFactory
{
    public string Type => "Discord";

    public IReadOnlyList<string> Keys { get; } = [nameof(AlertSinkOptions.Url), nameof(AlertSinkOptions.AllowPrivateNetworks)];

    public IEnumerable<(string Key, string Problem)> Check(AlertSinkOptions options) =>
        SinkUrl.Problem(options, "https://discord.com/api/webhooks/…/…") is { } problem ? [(nameof(options.Url), problem)] : [];

    public IAlertSink Create(string name, AlertSinkOptions options) => new DiscordAlertSink(name, options, http);
}
