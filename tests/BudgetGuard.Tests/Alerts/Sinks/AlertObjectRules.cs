using System.Text.Json;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>The object that docs/alerts/webhook.md describes: what is there always, what only where it has a value, and how it is written.</summary>
internal static class AlertObjectRules
{
    private static readonly string[] _always =
        ["id", "type", "severity", "at", "budget", "partition", "window_start", "resets_at", "threshold", "limit", "used", "utilization", "message", "incident_key"];

    private static readonly string[] _sometimes = ["forecast", "model", "operation", "recovers", "amount", "expected", "unit", "items", "items_omitted", "partition_omitted"];

    /// <summary>The body of a webhook without CloudEvents, which docs/alerts/webhook.md gives at most 20,000 bytes: Standard Webhooks advises to stay below 20 KB.</summary>
    public static IReadOnlyList<string> Problems(byte[] body) => BodyReader.Check(body, 20_000, static (reader, root) => Read(reader, root, ""));

    public static void Read(BodyReader reader, JsonElement alert, string at)
    {
        if (!reader.IsObject(alert, at, _always, _sometimes))
        {
            return;
        }

        if (reader.Text(alert, at, "id") is { } id && !Guid.TryParseExact(id, "D", out _))
        {
            reader.Note(at + ".id", "is no id");
        }

        reader.OneOf(alert, at, "type", [.. AlertTypes.All]);
        reader.OneOf(alert, at, "severity", "critical", "warning", "information");
        reader.OneOf(alert, at, "recovers", [.. AlertTypes.All]);
        reader.OneOf(alert, at, "unit", "usd", "tokens", "requests", "concurrency");
        reader.Text(alert, at, "incident_key", 64);
        reader.Text(alert, at, "message", min: 0);
        reader.Time(alert, at, "at");
        reader.Time(alert, at, "window_start", isNullable: true);
        reader.Time(alert, at, "resets_at", isNullable: true);
        Array.ForEach(["threshold", "limit", "used", "utilization"], name => reader.Number(alert, at, name, isNullable: true));
        Array.ForEach(["forecast", "amount", "expected", "items_omitted", "partition_omitted"], name => reader.Number(alert, at, name));
        if (alert.TryGetProperty("partition", out JsonElement partition) && partition.ValueKind != JsonValueKind.Object)
        {
            reader.Note(at + ".partition", "is no object");
        }

        foreach ((JsonElement item, string where) in reader.Items(alert, at, "items", int.MaxValue, min: 0))
        {
            if (reader.IsObject(item, where, ["count", "text"], "type", "budget", "used", "limit"))
            {
                Array.ForEach(["count", "used", "limit"], name => reader.Number(item, where, name));
                reader.Text(item, where, "text", min: 0);
            }
        }
    }
}
