using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BudgetGuard.Gateway.Simulation;

/// <summary>OpenAI's embeddings.</summary>
internal static class SimulatedEmbeddings
{
    private const int DefaultDimensions = 1536;

    public static async Task AnswerAsync(HttpContext context)
    {
        if (await SimulatedCall.ReadAsync(context, ["input"]) is not { } call)
        {
            return;
        }

        int dimensions = call.Number("dimensions") ?? DefaultDimensions;
        bool isBase64 = SimulatedCall.TextOf(call.Body, "encoding_format") == "base64";
        JsonArray data = [];
        foreach (string input in Inputs(SimulatedCall.Member(call.Body, "input")))
        {
            float[] vector = SimulatedVector.Of(input, dimensions);
            JsonNode embedding = isBase64
                ? JsonValue.Create(Convert.ToBase64String(MemoryMarshal.AsBytes(vector.AsSpan())))
                : new JsonArray([.. vector.Select(static value => JsonValue.Create(value))]);
            data.Add(new JsonObject { ["object"] = "embedding", ["index"] = data.Count, ["embedding"] = embedding });
        }

        await SimulatedAnswer.WriteJsonAsync(context, new JsonObject
        {
            ["object"] = "list",
            ["data"] = data,
            ["model"] = call.Model,
            ["usage"] = new JsonObject { ["prompt_tokens"] = call.Prompt.Tokens, ["total_tokens"] = call.Prompt.Tokens },
        });
    }

    /// <summary>One text, one list of tokens, or a list of either.</summary>
    public static IEnumerable<string> Inputs(JsonElement input) =>
        input.ValueKind == JsonValueKind.Array && input.GetArrayLength() > 0 && input[0].ValueKind != JsonValueKind.Number
            ? input.EnumerateArray().Select(static one => one.ToString())
            : [input.ToString()];
}
