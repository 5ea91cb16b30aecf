using System.Text.Json.Nodes;

namespace BudgetGuard.Gateway.Simulation;

/// <summary>OpenAI's list of models: a few of those that have a price.</summary>
internal static class SimulatedModels
{
    private static readonly string[] Ids = ["gpt-4o", "gpt-4o-mini", "text-embedding-3-small"];

    public static Task ListAsync(HttpContext context)
    {
        JsonArray data = [];
        foreach (string id in Ids)
        {
            data.Add(Model(id));
        }

        return SimulatedAnswer.WriteJsonAsync(context, new JsonObject { ["object"] = "list", ["data"] = data });
    }

    public static Task ReadAsync(HttpContext context) =>
        SimulatedAnswer.WriteJsonAsync(context, Model(context.GetRouteValue("model") as string ?? ""));

    private static JsonObject Model(string id) => new() { ["id"] = id, ["object"] = "model", ["created"] = 0, ["owned_by"] = "simulated" };
}
