using System.Text.Encodings.Web;
using System.Text.Json;

namespace BudgetGuard.Tests.Docs;

/// <summary>JSON for a page: what fits stays on one line, numbers are as they were written.</summary>
internal static class ReadableJson
{
    private const int Width = 140;

    private static readonly JsonSerializerOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Of(byte[] json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return Text(document.RootElement, string.Empty, 0);
    }

    private static string Text(JsonElement value, string indent, int before)
    {
        string line = Line(value);
        if (value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array) || indent.Length + before + line.Length <= Width)
        {
            return line;
        }

        string deeper = indent + "  ";
        return value.ValueKind == JsonValueKind.Array
            ? $"[\n{string.Join(",\n", value.EnumerateArray().Select(item => deeper + Text(item, deeper, 0)))}\n{indent}]"
            : $"{{\n{string.Join(",\n", value.EnumerateObject().Select(property => $"{deeper}{Quoted(property.Name)}: {Text(property.Value, deeper, property.Name.Length + 4)}"))}\n{indent}}}";
    }

    private static string Line(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object when !value.EnumerateObject().Any() => "{}",
        JsonValueKind.Object => $"{{ {string.Join(", ", value.EnumerateObject().Select(property => $"{Quoted(property.Name)}: {Line(property.Value)}"))} }}",
        JsonValueKind.Array => $"[{string.Join(", ", value.EnumerateArray().Select(Line))}]",
        JsonValueKind.String => Quoted(value.GetString()!),
        _ => value.GetRawText(),
    };

    private static string Quoted(string text) => JsonSerializer.Serialize(text, _options);
}
