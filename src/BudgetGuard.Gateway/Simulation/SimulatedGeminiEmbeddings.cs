using System.Text.Json;
using System.Text.Json.Nodes;

namespace BudgetGuard.Gateway.Simulation;

/// <summary>Gemini's embeddings, one and many.</summary>
internal static class SimulatedGeminiEmbeddings
{
    private const int DefaultDimensions = 768;

    public static async Task EmbedAsync(HttpContext context)
    {
        if (await SimulatedCall.ReadAsync(context, ["content"]) is { } call)
        {
            await SimulatedAnswer.WriteJsonAsync(context, new JsonObject { ["embedding"] = Embedding(call.Body) });
        }
    }

    public static async Task EmbedManyAsync(HttpContext context)
    {
        if (await SimulatedCall.ReadAsync(context, ["requests"]) is not { } call)
        {
            return;
        }

        JsonArray embeddings = [];
        if (SimulatedCall.Member(call.Body, "requests") is { ValueKind: JsonValueKind.Array } requests)
        {
            foreach (JsonElement request in requests.EnumerateArray())
            {
                embeddings.Add(Embedding(request));
            }
        }

        await SimulatedAnswer.WriteJsonAsync(context, new JsonObject { ["embeddings"] = embeddings });
    }

    private static JsonObject Embedding(JsonElement request)
    {
        string text = PromptText.Of(request, "content").Last;
        float[] vector = SimulatedVector.Of(text, SimulatedCall.Number(request, "outputDimensionality", "output_dimensionality") ?? DefaultDimensions);
        return new JsonObject { ["values"] = new JsonArray([.. vector.Select(static value => JsonValue.Create(value))]) };
    }
}
