using System.Text;
using System.Text.Json;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>
/// What an event of CloudEvents 1.0 is, by https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md (attributes and their types),
/// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md and, for the content type,
/// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md (structured mode).
/// </summary>
internal static class CloudEventRules
{
    public const string ContentType = "application/cloudevents+json";

    public static IReadOnlyList<string> Problems(byte[] body, string contentType) => BodyReader.Check(body, 20_000, (reader, root) =>
    {
        if (contentType.Split(';')[0].Trim() != ContentType)
        {
            reader.Note("the header", $"says {contentType} and not {ContentType}");
        }

        if (!reader.IsObject(root, "", ["specversion", "id", "source", "type", "data"], "time", "subject", "datacontenttype", "dataschema"))
        {
            return;
        }

        foreach (JsonProperty attribute in root.EnumerateObject().Where(static attribute => attribute.Name != "data"))
        {
            if (reader.Text(root, "", attribute.Name) is { } text && text.EnumerateRunes().Any(IsDisallowed))
            {
                reader.Note(attribute.Name, "has a character that text of CloudEvents must not have");
            }
        }

        reader.OneOf(root, "", "specversion", "1.0");
        reader.OneOf(root, "", "datacontenttype", "application/json");
        reader.Time(root, "", "time");
        if (reader.Text(root, "", "source") is { } source && !Uri.IsWellFormedUriString(source, UriKind.RelativeOrAbsolute))
        {
            reader.Note("source", "is no URI reference");
        }

        if (root.TryGetProperty("data", out JsonElement data))
        {
            AlertObjectRules.Read(reader, data, "data");
        }
    });

    /// <summary>Control characters and those that Unicode promises never to give a meaning.</summary>
    private static bool IsDisallowed(Rune rune) => Rune.IsControl(rune) || (rune.Value & 0xFFFE) == 0xFFFE || rune.Value is >= 0xFDD0 and <= 0xFDEF;
}
