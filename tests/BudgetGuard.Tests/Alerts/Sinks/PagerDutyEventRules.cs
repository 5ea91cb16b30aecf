using System.Text.Json;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>
/// What PagerDuty's Events API v2 takes, by https://developer.pagerduty.com/docs/events-api-v2/trigger-events (parameters),
/// https://developer.pagerduty.com/docs/events-api-v2/overview (512 KB) and https://support.pagerduty.com/main/docs/pd-cef (what is required).
/// </summary>
internal static class PagerDutyEventRules
{
    public static IReadOnlyList<string> Problems(byte[] body) => BodyReader.Check(body, 512 * 1024, static (reader, root) =>
    {
        bool isTrigger = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("event_action", out JsonElement action) && action.ValueEquals("trigger");

        // To acknowledge or to resolve says which incident, and nothing else.
        if (!reader.IsObject(root, "", isTrigger ? ["routing_key", "event_action", "payload"] : ["routing_key", "event_action", "dedup_key"], "dedup_key", "client", "client_url", "payload"))
        {
            return;
        }

        reader.Text(root, "", "routing_key", max: 32, min: 32);
        reader.OneOf(root, "", "event_action", "trigger", "acknowledge", "resolve");
        reader.Text(root, "", "dedup_key", 255);
        reader.Text(root, "", "client");
        if (root.TryGetProperty("payload", out JsonElement payload)
            && reader.IsObject(payload, "payload", ["summary", "source", "severity"], "timestamp", "component", "group", "class", "custom_details"))
        {
            reader.Text(payload, "payload", "summary", 1024);
            reader.Text(payload, "payload", "source");
            reader.OneOf(payload, "payload", "severity", "critical", "error", "warning", "info");
            reader.Time(payload, "payload", "timestamp");
            reader.Text(payload, "payload", "component");
            reader.Text(payload, "payload", "class");
            if (payload.TryGetProperty("custom_details", out JsonElement details))
            {
                AlertObjectRules.Read(reader, details, "payload.custom_details");
            }
        }
    });
}
