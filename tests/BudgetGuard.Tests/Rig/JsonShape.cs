using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace BudgetGuard.Tests.Rig;

/// <summary>
/// Compares JSON with a shape, which is JSON of the same form with a type for each value: <c>text</c>, <c>number</c>, <c>count</c>, <c>time</c>, <c>true</c>,
/// <c>bool</c>, <c>null</c>, <c>texts</c>, <c>list</c>, or <c>=text</c> for just that text; <c>|</c> stands between alternatives. A member whose name ends in <c>?</c> may be missing, all
/// others have to be there and no more; a member <c>*</c> stands for any. An array has one row or more, all of the one shape that is written.
/// </summary>
internal static partial class JsonShape
{
    public static void Check(string shape, JsonElement value)
    {
        using JsonDocument expected = JsonDocument.Parse(shape);
        List<string> faults = [];
        Compare("$", expected.RootElement, value, faults);
        Assert.True(faults.Count == 0, $"{string.Join("; ", faults)} in {value.GetRawText()}");
    }

    private static void Compare(string path, JsonElement shape, JsonElement value, List<string> faults)
    {
        if (shape.ValueKind == JsonValueKind.String)
        {
            string types = shape.GetString()!;
            if (!types.Split('|').Any(type => Is(type, value)))
            {
                faults.Add($"{path} is {value.GetRawText()}, not {types}");
            }
        }
        else if (shape.ValueKind != value.ValueKind)
        {
            faults.Add($"{path} is {value.ValueKind}, not {shape.ValueKind}");
        }
        else if (shape.ValueKind == JsonValueKind.Array)
        {
            if (value.GetArrayLength() == 0)
            {
                faults.Add($"{path} is empty");
            }

            foreach ((int index, JsonElement row) in value.EnumerateArray().Index())
            {
                Compare($"{path}[{index}]", shape[0], row, faults);
            }
        }
        else
        {
            CompareMembers(path, shape, value, faults);
        }
    }

    private static void CompareMembers(string path, JsonElement shape, JsonElement value, List<string> faults)
    {
        Dictionary<string, JsonElement> known = shape.EnumerateObject().ToDictionary(static one => one.Name.TrimEnd('?'), static one => one.Value);
        foreach (JsonProperty member in shape.EnumerateObject().Where(static one => one.Name != "*" && !one.Name.EndsWith('?')))
        {
            if (!value.TryGetProperty(member.Name, out _))
            {
                faults.Add($"{path}.{member.Name} is missing");
            }
        }

        foreach (JsonProperty member in value.EnumerateObject())
        {
            if (known.TryGetValue(member.Name, out JsonElement type) || known.TryGetValue("*", out type))
            {
                Compare($"{path}.{member.Name}", type, member.Value, faults);
            }
            else
            {
                faults.Add($"{path}.{member.Name} is not documented");
            }
        }
    }

    private static bool Is(string type, JsonElement value) => type switch
    {
        "text" => value.ValueKind == JsonValueKind.String,
        "number" => value.ValueKind == JsonValueKind.Number && !value.GetRawText().Contains('e', StringComparison.OrdinalIgnoreCase),
        "count" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "time" => value.ValueKind == JsonValueKind.String && UtcTime().IsMatch(value.GetString()!)
            && DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, out _),
        "true" => value.ValueKind == JsonValueKind.True,
        "bool" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "texts" => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(static one => one.ValueKind == JsonValueKind.String),
        "list" => value.ValueKind == JsonValueKind.Array,
        "null" => value.ValueKind == JsonValueKind.Null,
        ['=', .. string text] => value.ValueKind == JsonValueKind.String && value.GetString() == text,
        _ => throw new ArgumentException($"'{type}' is no type of a shape.", nameof(type)),
    };

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")]
    private static partial Regex UtcTime();
}
