using System.Text.Json;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>
/// What a webhook of Discord takes, by https://docs.discord.com/developers/resources/webhook#execute-webhook and
/// https://docs.discord.com/developers/resources/message (embed structure, embed limits, allowed mentions). White space at the ends is not counted there; it is
/// here.
/// </summary>
internal static class DiscordMessageRules
{
    public static IReadOnlyList<string> Problems(byte[] body) => BodyReader.Check(body, int.MaxValue, static (reader, root) =>
    {
        if (!reader.IsObject(root, "", ["allowed_mentions"], "content", "embeds", "username", "avatar_url", "tts", "flags", "thread_name"))
        {
            return;
        }

        if (!root.TryGetProperty("content", out _) && !root.TryGetProperty("embeds", out _))
        {
            reader.Note("", "has neither content nor embeds");
        }

        reader.Text(root, "", "content", 2000);
        Mentions(reader, root);
        int total = 0;
        foreach ((JsonElement embed, string at) in reader.Items(root, "", "embeds", 10))
        {
            total += Embed(reader, embed, at);
        }

        if (total > 6000)
        {
            reader.Note("embeds", $"have {total} characters in all, more than 6000");
        }
    });

    /// <summary>Texts of callers are shown: by none of them is anybody to be called.</summary>
    private static void Mentions(BodyReader reader, JsonElement root)
    {
        if (root.TryGetProperty("allowed_mentions", out JsonElement mentions)
            && reader.IsObject(mentions, "allowed_mentions", ["parse"], "roles", "users", "replied_user"))
        {
            _ = reader.Items(mentions, "allowed_mentions", "parse", max: 0, min: 0);
            _ = reader.Items(mentions, "allowed_mentions", "roles", max: 0, min: 0);
            _ = reader.Items(mentions, "allowed_mentions", "users", max: 0, min: 0);
        }
    }

    private static int Embed(BodyReader reader, JsonElement embed, string at)
    {
        if (!reader.IsObject(embed, at, [], "title", "type", "description", "url", "timestamp", "color", "footer", "image", "thumbnail", "author", "fields"))
        {
            return 0;
        }

        int total = Length(reader.Text(embed, at, "title", 256)) + Length(reader.Text(embed, at, "description", 4096));
        reader.OneOf(embed, at, "type", "rich");
        reader.Time(embed, at, "timestamp");
        if (embed.TryGetProperty("color", out JsonElement color) && !(color.ValueKind == JsonValueKind.Number && color.TryGetInt32(out int rgb) && rgb is >= 0 and <= 0xFFFFFF))
        {
            reader.Note(at, "has a color that is none");
        }

        if (embed.TryGetProperty("footer", out JsonElement footer) && reader.IsObject(footer, at + ".footer", ["text"], "icon_url"))
        {
            total += Length(reader.Text(footer, at + ".footer", "text", 2048));
        }

        if (embed.TryGetProperty("author", out JsonElement author) && reader.IsObject(author, at + ".author", ["name"], "url", "icon_url"))
        {
            total += Length(reader.Text(author, at + ".author", "name", 256));
        }

        foreach ((JsonElement field, string where) in reader.Items(embed, at, "fields", max: 25, min: 0))
        {
            if (reader.IsObject(field, where, ["name", "value"], "inline"))
            {
                total += Length(reader.Text(field, where, "name", 256)) + Length(reader.Text(field, where, "value", 1024));
                reader.Flag(field, where, "inline");
            }
        }

        return total;
    }

    private static int Length(string? text) => text?.Length ?? 0;
}
