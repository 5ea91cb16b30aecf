using System.Text.Json;
using BudgetGuard.Alerts.Sinks;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>Whatever is in an alert, what is sent of it is what the vendor's documentation takes; each class of rules names the pages.</summary>
public sealed class VendorBodyTests
{
    private const string RoutingKey = "0123456789abcdef0123456789abcdef";

    private static BudgetAlert Sample => SampleAlerts.Of(AlertTypes.BudgetExceeded);

    [Fact]
    public void T179_Slack_every_body_is_as_docs_slack_dev_says() => AlertCases.AssertAll(static alert => SlackMessageRules.Problems(SlackAlertSink.Body(alert)));

    [Fact]
    public void T179_Teams_every_body_is_as_adaptivecards_io_says() => AlertCases.AssertAll(static alert => TeamsMessageRules.Problems(TeamsAlertSink.Body(alert)));

    [Fact]
    public void T179_Discord_every_body_is_as_docs_discord_com_says() => AlertCases.AssertAll(static alert => DiscordMessageRules.Problems(DiscordAlertSink.Body(alert)));

    [Fact]
    public void T179_PagerDuty_every_body_is_as_developer_pagerduty_com_says() =>
        AlertCases.AssertAll(static alert => PagerDutyEventRules.Problems(PagerDutyAlertSink.Body(alert, RoutingKey)));

    [Fact]
    public void Webhook_every_body_is_as_its_page_says() =>
        AlertCases.AssertAll(static alert => AlertObjectRules.Problems(WebhookAlertSink.Body(alert, cloudEvents: false)));

    [Fact]
    public void CloudEvents_every_body_is_as_its_specification_says() =>
        AlertCases.AssertAll(static alert => CloudEventRules.Problems(WebhookAlertSink.Body(alert, cloudEvents: true), CloudEventRules.ContentType));

    [Fact]
    public void Every_body_is_as_small_as_the_pages_of_the_sinks_say() => Assert.All(AlertCases.All, static one =>
    {
        Assert.InRange(TeamsAlertSink.Body(one.Alert).Length, 1, 26_000);
        Assert.InRange(PagerDutyAlertSink.Body(one.Alert, RoutingKey).Length, 1, 64 * 1024);
        Assert.InRange(WebhookAlertSink.Body(one.Alert, cloudEvents: true).Length, 1, 20_000);
    });

    [Fact]
    public void Slack_blocks_have_less_text_than_it_refuses_as_too_long() => Assert.All(AlertCases.All, static one =>
    {
        // Slack documents the refusal (msg_blocks_too_long) and not the number, which users found to be some 13,000 characters.
        using var document = JsonDocument.Parse(SlackAlertSink.Body(one.Alert));
        Assert.InRange(document.RootElement.GetProperty("blocks").EnumerateArray().Sum(TextLength), 1, 13_000);
    });

    [Theory]
    [InlineData("text", null)]
    [InlineData("text", "4001x")]
    [InlineData("text", "\"<!channel>\"")]
    [InlineData("text", "\"a & b\"")]
    [InlineData("text", "\"&quot;\"")]
    [InlineData("blocks", null)]
    [InlineData("blocks", "51*")]
    [InlineData("blocks", "0*")]
    [InlineData("extra", "1")]
    [InlineData("unfurl_links", "\"no\"")]
    [InlineData("blocks/0/type", "\"headline\"")]
    [InlineData("blocks/0/text/type", "\"mrkdwn\"")]
    [InlineData("blocks/0/text/text", "151x")]
    [InlineData("blocks/0/text/verbatim", "true")]
    [InlineData("blocks/0/block_id", "256x")]
    [InlineData("blocks/1/text", null)]
    [InlineData("blocks/1/color", "\"red\"")]
    [InlineData("blocks/1/text/text", "3001x")]
    [InlineData("blocks/1/text/text", "\"\"")]
    [InlineData("blocks/1/text/text", "\"> quote\"")]
    [InlineData("blocks/2/fields", "11*")]
    [InlineData("blocks/2/fields/0/text", "2001x")]
    [InlineData("blocks/2/fields/0/text", "7")]
    [InlineData("blocks/3/elements", "11*")]
    [InlineData("blocks/3/elements", null)]
    public void Slack_rules_find_what_is_wrong(string path, string? value) => FindsOne(SlackMessageRules.Problems, SlackAlertSink.Body(Sample), path, value);

    [Theory]
    [InlineData("type", "\"MessageCard\"")]
    [InlineData("text", "\"t\"")]
    [InlineData("attachments", null)]
    [InlineData("attachments", "0*")]
    [InlineData("attachments/0/contentType", "\"application/json\"")]
    [InlineData("attachments/0/content", null)]
    [InlineData("attachments/0/content/type", "\"Card\"")]
    [InlineData("attachments/0/content/version", null)]
    [InlineData("attachments/0/content/version", "\"1.6\"")]
    [InlineData("attachments/0/content/body", "0*")]
    [InlineData("attachments/0/content/body/0/type", "\"Text\"")]
    [InlineData("attachments/0/content/body/0/text", null)]
    [InlineData("attachments/0/content/body/0/text", "\"\"")]
    [InlineData("attachments/0/content/body/0/text", "28000x")]
    [InlineData("attachments/0/content/body/0/colour", "\"Good\"")]
    [InlineData("attachments/0/content/body/0/color", "\"Red\"")]
    [InlineData("attachments/0/content/body/0/wrap", "\"true\"")]
    [InlineData("attachments/0/content/body/2/facts", null)]
    [InlineData("attachments/0/content/body/2/facts/0/value", null)]
    [InlineData("attachments/0/content/body/2/facts/0/value", "8.5")]
    [InlineData("attachments/0/content/body/2/facts/0/value", "\"\"")]
    [InlineData("attachments/0/content/body/2/facts/0/name", "\"n\"")]
    public void Teams_rules_find_what_is_wrong(string path, string? value) => FindsOne(TeamsMessageRules.Problems, TeamsAlertSink.Body(Sample), path, value);

    [Theory]
    [InlineData("embeds", null)]
    [InlineData("embeds", "11*")]
    [InlineData("content", "2001x")]
    [InlineData("text", "\"t\"")]
    [InlineData("allowed_mentions", null)]
    [InlineData("allowed_mentions/parse", "[\"everyone\"]")]
    [InlineData("allowed_mentions/users", "[\"1\"]")]
    [InlineData("embeds/0/title", "257x")]
    [InlineData("embeds/0/description", "4097x")]
    [InlineData("embeds/0/colour", "1")]
    [InlineData("embeds/0/color", "16777216")]
    [InlineData("embeds/0/color", "-1")]
    [InlineData("embeds/0/color", "\"red\"")]
    [InlineData("embeds/0/timestamp", "\"10 June\"")]
    [InlineData("embeds/0/footer/text", "2049x")]
    [InlineData("embeds/0/fields", "26*")]
    [InlineData("embeds/0/fields/0/name", "257x")]
    [InlineData("embeds/0/fields/0/value", "1025x")]
    [InlineData("embeds/0/fields/0/value", "\" \"")]
    [InlineData("embeds/0/fields/0/value", null)]
    public void Discord_rules_find_what_is_wrong(string path, string? value) => FindsOne(DiscordMessageRules.Problems, DiscordAlertSink.Body(Sample), path, value);

    [Fact]
    public void Discord_rules_count_all_embeds_together()
    {
        byte[] large = BadBody.With(DiscordAlertSink.Body(Sample), "embeds/0/description", "4000x");
        Assert.Empty(DiscordMessageRules.Problems(large));
        Assert.Contains("more than 6000", Assert.Single(DiscordMessageRules.Problems(BadBody.With(large, "embeds", "2*"))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("routing_key", "31x")]
    [InlineData("routing_key", null)]
    [InlineData("event_action", "\"open\"")]
    [InlineData("event_action", null)]
    [InlineData("dedup_key", "256x")]
    [InlineData("payload", null)]
    [InlineData("details", "{}")]
    [InlineData("payload/summary", null)]
    [InlineData("payload/summary", "1025x")]
    [InlineData("payload/source", null)]
    [InlineData("payload/source", "\"\"")]
    [InlineData("payload/severity", "\"information\"")]
    [InlineData("payload/timestamp", "\"2026-06-10 14:03\"")]
    [InlineData("payload/custom_details", "\"text\"")]
    [InlineData("payload/custom_details/more", "524288x")]
    [InlineData("payload/color", "1")]
    public void PagerDuty_rules_find_what_is_wrong(string path, string? value) =>
        FindsOne(PagerDutyEventRules.Problems, PagerDutyAlertSink.Body(Sample, RoutingKey), path, value);

    [Fact]
    public void PagerDuty_rules_ask_for_the_key_of_what_is_resolved() => FindsOne(
        PagerDutyEventRules.Problems, PagerDutyAlertSink.Body(SampleAlerts.Of(AlertTypes.Recovered), RoutingKey), "dedup_key", null);

    [Theory]
    [InlineData("specversion", "\"0.3\"")]
    [InlineData("specversion", null)]
    [InlineData("id", null)]
    [InlineData("id", "\"\"")]
    [InlineData("source", "\"\"")]
    [InlineData("source", "\"not a reference\"")]
    [InlineData("type", null)]
    [InlineData("time", "\"10 June\"")]
    [InlineData("subject", "\"\"")]
    [InlineData("subject", "\"two\\nlines\"")]
    [InlineData("subject", "\"\\uFFFE\"")]
    [InlineData("datacontenttype", "\"text/plain\"")]
    [InlineData("data", null)]
    [InlineData("data/used", "\"8.5\"")]
    [InlineData("data/at", "\"2026-06-10T14:03\"")]
    [InlineData("data/unit", "\"eur\"")]
    [InlineData("data/message", "20000x")]
    [InlineData("data/extra", "1")]
    [InlineData("data/budget", null)]
    [InlineData("Extra", "1")]
    public void CloudEvents_rules_find_what_is_wrong(string path, string? value) =>
        FindsOne(static body => CloudEventRules.Problems(body, CloudEventRules.ContentType), WebhookAlertSink.Body(Sample, cloudEvents: true), path, value);

    [Fact]
    public void CloudEvents_rules_ask_for_the_content_type() =>
        Assert.Single(CloudEventRules.Problems(WebhookAlertSink.Body(Sample, cloudEvents: true), "application/json; charset=utf-8"));

    [Theory]
    [InlineData("{\"id\":1,\"id\":2}")]
    [InlineData("{}{}")]
    [InlineData("[]")]
    [InlineData("")]
    public void Rules_find_what_is_no_body_at_all(string body) => Assert.NotEmpty(AlertObjectRules.Problems(System.Text.Encoding.UTF8.GetBytes(body)));

    [Fact]
    public void Rules_find_half_characters() => Assert.NotEmpty(SlackMessageRules.Problems("{\"text\":\"\\ud800\",\"blocks\":[{\"type\":\"divider\"}]}"u8.ToArray()));

    [Fact]
    public void Rules_find_bytes_that_are_not_UTF8() => Assert.NotEmpty(AlertObjectRules.Problems([(byte)'"', 0xC0, 0x80, (byte)'"']));

    private static int TextLength(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Array => element.EnumerateArray().Sum(TextLength),
        JsonValueKind.Object => element.EnumerateObject().Sum(static property => property.Name == "type" ? 0 : TextLength(property.Value)),
        JsonValueKind.String => element.GetString()!.Length,
        _ => 0,
    };

    private static void FindsOne(Func<byte[], IReadOnlyList<string>> problems, byte[] body, string path, string? value)
    {
        Assert.Empty(problems(body));
        Assert.NotEmpty(problems(BadBody.With(body, path, value)));
    }
}
