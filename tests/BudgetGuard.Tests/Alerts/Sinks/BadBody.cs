using System.Globalization;
using System.Text.Json.Nodes;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>Makes a wrong body of a right one.</summary>
internal static class BadBody
{
    /// <summary>
    /// The body with one value changed. The path has names and indexes between slashes; the value is JSON, <c>null</c> for to remove it, or <c>151x</c> for so
    /// many characters, or <c>51*</c> for so many of what is first in the array there.
    /// </summary>
    public static byte[] With(byte[] body, string path, string? value)
    {
        JsonNode root = JsonNode.Parse(body)!;
        string[] steps = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        JsonNode parent = root;
        foreach (string step in steps[..^1])
        {
            parent = Step(parent, step);
        }

        if (value is null)
        {
            Remove(parent, steps[^1]);
        }
        else if (value.EndsWith('*'))
        {
            JsonArray array = Step(parent, steps[^1]).AsArray();
            JsonNode first = array[0]!.DeepClone();
            array.Clear();
            for (int i = 0; i < int.Parse(value[..^1], CultureInfo.InvariantCulture); i++)
            {
                array.Add(first.DeepClone());
            }
        }
        else
        {
            JsonNode? node = value.EndsWith('x') ? JsonValue.Create(new string('x', int.Parse(value[..^1], CultureInfo.InvariantCulture))) : JsonNode.Parse(value);
            Set(parent, steps[^1], node);
        }

        return System.Text.Encoding.UTF8.GetBytes(root.ToJsonString());
    }

    private static JsonNode Step(JsonNode node, string step) => node is JsonArray array ? array[int.Parse(step, CultureInfo.InvariantCulture)]! : node[step]!;

    private static void Set(JsonNode parent, string step, JsonNode? value)
    {
        if (parent is JsonArray array)
        {
            array[int.Parse(step, CultureInfo.InvariantCulture)] = value;
        }
        else
        {
            parent[step] = value;
        }
    }

    private static void Remove(JsonNode parent, string step)
    {
        if (parent is JsonArray array)
        {
            array.RemoveAt(int.Parse(step, CultureInfo.InvariantCulture));
        }
        else
        {
            Assert.True(parent.AsObject().Remove(step));
        }
    }
}
