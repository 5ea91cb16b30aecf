using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>Reads a body as strictly as a receiver may, and notes what is wrong with it: what is not expected is wrong.</summary>
internal sealed partial class BodyReader
{
    private static readonly UTF8Encoding _strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<string> _problems = [];

    /// <summary>What is wrong with a body, each with where it is; empty for nothing.</summary>
    public static IReadOnlyList<string> Check(byte[] body, int maxBytes, Action<BodyReader, JsonElement> rules)
    {
        BodyReader reader = new();
        if (body.Length > maxBytes)
        {
            reader.Note("", $"has {body.Length} bytes, more than {maxBytes}");
        }

        try
        {
            // A property that is there twice is read differently by each receiver.
            using var document = JsonDocument.Parse(_strict.GetString(body), new JsonDocumentOptions { AllowDuplicateProperties = false });
            ReadStrings(document.RootElement);
            rules(reader, document.RootElement);
        }
        catch (Exception failure) when (failure is JsonException or DecoderFallbackException or InvalidOperationException)
        {
            reader.Note("", "is not valid JSON in UTF-8: " + failure.Message);
        }

        return reader._problems;
    }

    public void Note(string at, string problem) => _problems.Add($"{(at.Length == 0 ? "the body" : at)} {problem}");

    /// <summary>True for an object; its properties have to be among those that are named.</summary>
    public bool IsObject(JsonElement element, string at, string[] required, params string[] optional)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            Note(at, $"is {element.ValueKind} and no object");
            return false;
        }

        foreach (string name in required)
        {
            if (!element.TryGetProperty(name, out _))
            {
                Note(at, $"has no {name}");
            }
        }

        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (!required.Contains(property.Name) && !optional.Contains(property.Name))
            {
                Note(at, $"has an unknown {property.Name}");
            }
        }

        return true;
    }

    /// <summary>The text of a property, which may be missing but not be of another kind or length.</summary>
    public string? Text(JsonElement parent, string at, string name, int max = int.MaxValue, int min = 1)
    {
        if (!parent.TryGetProperty(name, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            Note($"{at}.{name}", $"is {value.ValueKind} and no text");
            return null;
        }

        string text = value.GetString()!;

        // White space alone is nothing to read, and is trimmed by some.
        if (text.Length > max || text.Trim().Length < min)
        {
            Note($"{at}.{name}", $"has {text.Length} characters, not {min} to {max}");
        }

        return text;
    }

    public void OneOf(JsonElement parent, string at, string name, params string[] values)
    {
        if (Text(parent, at, name) is { } text && !values.Contains(text))
        {
            Note($"{at}.{name}", $"is '{text}', none of {string.Join(", ", values)}");
        }
    }

    public void Flag(JsonElement parent, string at, string name)
    {
        if (parent.TryGetProperty(name, out JsonElement value) && value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Note($"{at}.{name}", $"is {value.ValueKind} and neither true nor false");
        }
    }

    public void Number(JsonElement parent, string at, string name, bool isNullable = false)
    {
        if (parent.TryGetProperty(name, out JsonElement value) && !(value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out _)) && !(isNullable && value.ValueKind == JsonValueKind.Null))
        {
            Note($"{at}.{name}", $"is {value.ValueKind} and no decimal number");
        }
    }

    /// <summary>A time by RFC 3339, which is also one by ISO 8601.</summary>
    public void Time(JsonElement parent, string at, string name, bool isNullable = false)
    {
        if (isNullable && parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        if (Text(parent, at, name) is { } text && !(Rfc3339().IsMatch(text) && DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out _)))
        {
            Note($"{at}.{name}", $"is '{text}' and no time");
        }
    }

    /// <summary>The items of an array, each with where it is.</summary>
    public IEnumerable<(JsonElement Item, string At)> Items(JsonElement parent, string at, string name, int max, int min = 1)
    {
        if (!parent.TryGetProperty(name, out JsonElement array))
        {
            return [];
        }

        if (array.ValueKind != JsonValueKind.Array)
        {
            Note($"{at}.{name}", $"is {array.ValueKind} and no array");
            return [];
        }

        if (array.GetArrayLength() > max || array.GetArrayLength() < min)
        {
            Note($"{at}.{name}", $"has {array.GetArrayLength()} items, not {min} to {max}");
        }

        return array.EnumerateArray().Select((item, index) => (item, $"{at}.{name}[{index}]"));
    }

    /// <summary>Text can be read only where it has no half characters.</summary>
    private static void ReadStrings(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                {
                    ReadStrings(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    ReadStrings(property.Value);
                }

                break;
        }
    }

    [GeneratedRegex(@"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$")]
    private static partial Regex Rfc3339();
}
