using System.Text.Json;

namespace BudgetGuard.Alerts.Sinks;

/// <summary>Posts alerts to an incoming webhook of Slack, or of what understands its messages.</summary>
internal sealed class SlackAlertSink(string name, AlertSinkOptions options, AlertHttp http) : IAlertSink
{
    // Below what https://docs.slack.dev/reference/block-kit/blocks allows one by one, and below some 13 KB of text that a message may have in all.
    private const int MaxHeader = 150;
    private const int MaxText = 2000;
    private const int MaxValue = 300;
    private const int FieldsOfSection = 10;

    /// <summary>Answers that say why; anything else of a body is not repeated, because it may be anything.</summary>
    private static readonly HashSet<string> _reasons =
    [
        "invalid_payload", "invalid_blocks", "no_text", "no_service", "no_service_id", "no_team", "team_disabled", "invalid_token", "user_not_found", "channel_not_found",
        "channel_is_archived", "action_prohibited", "posting_to_general_channel_denied", "too_many_attachments", "rollup_error", "rate_limited",
    ];

    private readonly Uri _url = new(options.Url!);
    private readonly bool _allowPrivateNetworks = options.AllowPrivateNetworks;

    public string Name => name;

    public async ValueTask SendAsync(BudgetAlert alert, CancellationToken cancellationToken)
    {
        AlertAnswer answer = await http.PostAsync(new AlertPost(_url, Body(alert), _allowPrivateNetworks), cancellationToken).ConfigureAwait(false);
        if (answer.Status != 200)
        {
            string reason = answer.Body.Trim();
            throw AlertHttp.Failure(answer, _reasons.Contains(reason) ? reason : null);
        }
    }

    public static byte[] Body(BudgetAlert alert) => AlertJson.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("text"u8, Escaped(Heading(alert) + ": " + alert.Message, MaxText));

        // Nobody wants a preview of an address that stands in a user's name.
        writer.WriteBoolean("unfurl_links"u8, false);
        writer.WriteBoolean("unfurl_media"u8, false);
        writer.WriteStartArray("blocks"u8);
        WriteBlock(writer, "header", () => WriteText(writer, "text", "plain_text", AlertText.Line(Heading(alert), MaxHeader)));
        WriteBlock(writer, "section", () => WriteText(writer, "text", "mrkdwn", Escaped(alert.Message, MaxText)));
        foreach ((string Label, string Value)[] part in AlertFacts.Of(alert).Chunk(FieldsOfSection))
        {
            WriteBlock(writer, "section", () => WriteFields(writer, part));
        }

        if (alert.Items.Count > 0)
        {
            WriteBlock(writer, "section", () => WriteText(writer, "text", "mrkdwn", Items(alert)));
        }

        WriteBlock(writer, "context", () =>
        {
            writer.WriteStartArray("elements"u8);
            WriteText(writer, null, "mrkdwn", Escaped(AlertFacts.Footer(alert), MaxValue));
            writer.WriteEndArray();
        });
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    private static string Heading(BudgetAlert alert) => alert.Severity switch
    {
        _ when alert.Type == AlertTypes.Recovered => "✅ ",
        AlertSeverity.Critical => "🔴 ",
        AlertSeverity.Warning => "🟠 ",
        _ => "🔵 ",
    } + AlertFacts.Title(alert);

    private static string Items(BudgetAlert alert)
    {
        const int MaxItem = 140;
        return string.Join('\n', AlertFacts.Items(alert).Select(static item => "• " + Escaped(item, MaxItem - 3)));
    }

    private static void WriteFields(Utf8JsonWriter writer, (string Label, string Value)[] facts)
    {
        writer.WriteStartArray("fields"u8);
        foreach ((string label, string value) in facts)
        {
            WriteText(writer, null, "mrkdwn", $"*{Escaped(label, MaxValue)}*\n{Escaped(value, MaxValue)}");
        }

        writer.WriteEndArray();
    }

    private static void WriteBlock(Utf8JsonWriter writer, string type, Action content)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
        content();
        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, string? property, string type, string text)
    {
        if (property is not null)
        {
            writer.WritePropertyName(property);
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
        writer.WriteString("text"u8, AlertText.NotBlank(text));
        if (type == "mrkdwn")
        {
            // Or Slack makes links of what looks like an address, a channel or a user.
            writer.WriteBoolean("verbatim"u8, true);
        }

        writer.WriteEndObject();
    }

    private static string Escaped(string text, int max) => AlertText.Line(text, max, AlertText.Slack);
}

/// <summary>Makes the sinks of type <c>Slack</c>.</summary>
internal sealed class SlackAlertSinkFactory(AlertHttp http) : IAlertSinkFactory
{
    public string Type => "Slack";

    public IReadOnlyList<string> Keys { get; } = [nameof(AlertSinkOptions.Url), nameof(AlertSinkOptions.AllowPrivateNetworks)];

    public IEnumerable<(string Key, string Problem)> Check(AlertSinkOptions options) =>
        SinkUrl.Problem(options, "https://hooks.slack.com/services/T…/B…/…") is { } problem ? [(nameof(options.Url), problem)] : [];

    public IAlertSink Create(string name, AlertSinkOptions options) => new SlackAlertSink(name, options, http);
}
