using System.Text.Json;
using System.Text.RegularExpressions;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>
/// What Slack takes, by https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, https://docs.slack.dev/reference/block-kit/blocks and its
/// pages on header, section, context and divider, https://docs.slack.dev/reference/block-kit/composition-objects/text-object and
/// https://docs.slack.dev/messaging/formatting-message-text. Blocks that alerts have no use for are unknown here.
/// </summary>
internal static partial class SlackMessageRules
{
    public static IReadOnlyList<string> Problems(byte[] body) => BodyReader.Check(body, int.MaxValue, static (reader, root) =>
    {
        // Beside blocks, text is what notifications show.
        if (!reader.IsObject(root, "", ["text", "blocks"], "unfurl_links", "unfurl_media"))
        {
            return;
        }

        // https://docs.slack.dev/reference/methods/chat.postMessage: 4000 characters for the best result, cut off after 40,000.
        Escaped(reader, reader.Text(root, "", "text", 4000), "text");
        reader.Flag(root, "", "unfurl_links");
        reader.Flag(root, "", "unfurl_media");
        HashSet<string> ids = [];
        foreach ((JsonElement block, string at) in reader.Items(root, "", "blocks", 50))
        {
            Block(reader, block, at);
            if (block.ValueKind == JsonValueKind.Object && reader.Text(block, at, "block_id", 255) is { } id && !ids.Add(id))
            {
                reader.Note(at, "has a block_id that is there already");
            }
        }
    });

    private static void Block(BodyReader reader, JsonElement block, string at)
    {
        string? type = block.ValueKind == JsonValueKind.Object ? reader.Text(block, at, "type") : null;
        switch (type)
        {
            case "header" when reader.IsObject(block, at, ["type", "text"], "block_id"):
                TextObject(reader, block, at, "text", 150, "plain_text");
                break;
            case "section" when reader.IsObject(block, at, ["type"], "text", "fields", "block_id"):
                if (!block.TryGetProperty("text", out _) && !block.TryGetProperty("fields", out _))
                {
                    reader.Note(at, "has neither text nor fields");
                }

                TextObject(reader, block, at, "text", 3000, "plain_text", "mrkdwn");
                foreach ((JsonElement field, string where) in reader.Items(block, at, "fields", 10))
                {
                    TextObject(reader, field, where, 2000, "plain_text", "mrkdwn");
                }

                break;
            case "context" when reader.IsObject(block, at, ["type", "elements"], "block_id"):
                foreach ((JsonElement element, string where) in reader.Items(block, at, "elements", 10))
                {
                    TextObject(reader, element, where, 3000, "plain_text", "mrkdwn");
                }

                break;
            case "divider":
                reader.IsObject(block, at, ["type"], "block_id");
                break;
            case "header" or "section" or "context":
                break;
            default:
                reader.Note(at, $"is a block of the unknown type '{type}'");
                break;
        }
    }

    private static void TextObject(BodyReader reader, JsonElement parent, string at, string name, int max, params string[] types)
    {
        if (parent.TryGetProperty(name, out JsonElement text))
        {
            TextObject(reader, text, $"{at}.{name}", max, types);
        }
    }

    private static void TextObject(BodyReader reader, JsonElement text, string at, int max, params string[] types)
    {
        bool isMarkup = text.ValueKind == JsonValueKind.Object && text.TryGetProperty("type", out JsonElement type) && type.ValueEquals("mrkdwn");
        if (!reader.IsObject(text, at, ["type", "text"], isMarkup ? "verbatim" : "emoji"))
        {
            return;
        }

        reader.OneOf(text, at, "type", types);
        reader.Flag(text, at, "verbatim");
        reader.Flag(text, at, "emoji");
        string? value = reader.Text(text, at, "text", max);
        if (isMarkup)
        {
            Escaped(reader, value, at);
        }
    }

    private static void Escaped(BodyReader reader, string? text, string at)
    {
        if (text is not null && Control().IsMatch(text))
        {
            reader.Note(at, "has an &, < or > that is not escaped");
        }
    }

    [GeneratedRegex("[<>]|&(?!(amp|lt|gt);)")]
    private static partial Regex Control();
}
