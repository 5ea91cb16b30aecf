using System.Text.Json;
using System.Text.RegularExpressions;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>
/// What a webhook of Teams' Workflows takes, by https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
/// (message and attachments), https://learn.microsoft.com/en-us/connectors/teams (28 KB) and https://adaptivecards.io/explorer, whose schema is
/// http://adaptivecards.io/schemas/adaptive-card.json. Elements that alerts have no use for are unknown here.
/// </summary>
internal static partial class TeamsMessageRules
{
    private static readonly string[] _ofElements = ["type", "id", "isVisible", "separator", "spacing", "height"];

    public static IReadOnlyList<string> Problems(byte[] body) => BodyReader.Check(body, 28_000, static (reader, root) =>
    {
        if (!reader.IsObject(root, "", ["type", "attachments"]))
        {
            return;
        }

        reader.OneOf(root, "", "type", "message");
        foreach ((JsonElement attachment, string at) in reader.Items(root, "", "attachments", 10))
        {
            if (!reader.IsObject(attachment, at, ["contentType", "content"], "contentUrl"))
            {
                continue;
            }

            reader.OneOf(attachment, at, "contentType", "application/vnd.microsoft.card.adaptive");
            if (attachment.TryGetProperty("contentUrl", out JsonElement url) && url.ValueKind != JsonValueKind.Null)
            {
                reader.Note(at, "has content and an address for it");
            }

            if (attachment.TryGetProperty("content", out JsonElement card))
            {
                Card(reader, card, at + ".content");
            }
        }
    });

    private static void Card(BodyReader reader, JsonElement card, string at)
    {
        if (!reader.IsObject(card, at, ["type", "version", "body"], "$schema"))
        {
            return;
        }

        reader.OneOf(card, at, "type", "AdaptiveCard");
        reader.OneOf(card, at, "$schema", "http://adaptivecards.io/schemas/adaptive-card.json");

        // https://learn.microsoft.com/en-us/microsoftteams/platform/task-modules-and-cards/cards/cards-reference: 1.5 or earlier.
        if (reader.Text(card, at, "version") is { } version && !Version().IsMatch(version))
        {
            reader.Note(at, $"has version '{version}'");
        }

        foreach ((JsonElement element, string where) in reader.Items(card, at, "body", int.MaxValue))
        {
            Element(reader, element, where);
        }
    }

    private static void Element(BodyReader reader, JsonElement element, string at)
    {
        string? type = element.ValueKind == JsonValueKind.Object ? reader.Text(element, at, "type") : null;
        switch (type)
        {
            case "TextBlock":
                reader.IsObject(
                    element, at, ["type", "text"], [.. _ofElements, "color", "fontType", "horizontalAlignment", "isSubtle", "maxLines", "size", "weight", "wrap", "style"]);

                // The schema asks for text; renderers that are strict take an empty one for none and drop the card.
                reader.Text(element, at, "text");
                reader.OneOf(element, at, "color", "Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention");
                reader.OneOf(element, at, "size", "Default", "Small", "Medium", "Large", "ExtraLarge");
                reader.OneOf(element, at, "weight", "Default", "Lighter", "Bolder");
                reader.Flag(element, at, "isSubtle");
                reader.Flag(element, at, "wrap");
                break;
            case "FactSet":
                reader.IsObject(element, at, ["type", "facts"], _ofElements);
                foreach ((JsonElement fact, string where) in reader.Items(element, at, "facts", int.MaxValue))
                {
                    if (reader.IsObject(fact, where, ["title", "value"]))
                    {
                        reader.Text(fact, where, "title");
                        reader.Text(fact, where, "value");
                    }
                }

                break;
            default:
                reader.Note(at, $"is an element of the unknown type '{type}'");
                break;
        }
    }

    [GeneratedRegex(@"^1\.[0-5]$")]
    private static partial Regex Version();
}
