using System.Text;
using System.Text.Json;

namespace BudgetGuard.Gateway.Simulation;

/// <summary>The text of a prompt, whatever shape the API gives it: how long it is, and what was said last.</summary>
internal sealed class PromptText
{
    private const int BytesPerToken = 4;
    private long _bytes;
    private long _tokenIds;

    /// <summary>The last text; empty if there was none.</summary>
    public string Last { get; private set; } = "";

    /// <summary>A token for each four bytes, one at least; a token that was sent as its number is one.</summary>
    public long Tokens => Math.Max(1, _tokenIds + ((_bytes + BytesPerToken - 1) / BytesPerToken));

    public static PromptText Of(JsonElement root, params ReadOnlySpan<string> members)
    {
        PromptText text = new();
        foreach (string member in members)
        {
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty(member, out JsonElement value))
            {
                text.Add(value);
            }
        }

        return text;
    }

    public static PromptText Of(JsonElement value)
    {
        PromptText text = new();
        text.Add(value);
        return text;
    }

    private void Add(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                Last = value.GetString()!;
                _bytes += Encoding.UTF8.GetByteCount(Last);
                break;
            case JsonValueKind.Number:
                _tokenIds++;
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in value.EnumerateArray())
                {
                    Add(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (JsonProperty member in value.EnumerateObject())
                {
                    // Only what is text: media, ids and schemas are nothing that this model reads.
                    if (member.Name is "text" or "content" or "parts" or "input" or "output" or "arguments" or "description")
                    {
                        Add(member.Value);
                    }
                }

                break;
        }
    }
}
