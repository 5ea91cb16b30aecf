using System.Text.Json.Nodes;

namespace BudgetGuard.Gateway.Simulation;

/// <summary>Gemini's list of models: a few of those that have a price.</summary>
internal static class SimulatedGeminiModels
{
    private static readonly string[] Ids = ["gemini-2.5-flash", "gemini-2.5-pro"];

    public static Task ListAsync(HttpContext context)
    {
        JsonArray models = [];
        foreach (string id in Ids)
        {
            models.Add(Model(id));
        }

        return SimulatedAnswer.WriteJsonAsync(context, new JsonObject { ["models"] = models });
    }

    public static Task ReadAsync(HttpContext context) =>
        SimulatedAnswer.WriteJsonAsync(context, Model(context.GetRouteValue("model") as string ?? ""));

    private static JsonObject Model(string id) => new()
    {
        ["name"] = "models/" + id,
        ["displayName"] = id,
        ["description"] = "simulated",
        ["inputTokenLimit"] = 1_048_576,
        ["outputTokenLimit"] = 65_536,
        ["supportedGenerationMethods"] = new JsonArray("generateContent", "countTokens"),
    };
}
