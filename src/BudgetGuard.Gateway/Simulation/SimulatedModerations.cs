using System.Text.Json.Nodes;

namespace BudgetGuard.Gateway.Simulation;

/// <summary>OpenAI's moderations: nothing is ever flagged.</summary>
internal static class SimulatedModerations
{
    private static readonly string[] Categories =
    [
        "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm", "self-harm/intent",
        "self-harm/instructions", "sexual", "sexual/minors", "violence", "violence/graphic",
    ];

    public static async Task AnswerAsync(HttpContext context)
    {
        if (await SimulatedCall.ReadAsync(context, ["input"]) is not { } call)
        {
            return;
        }

        JsonArray results = [];
        foreach (string input in SimulatedEmbeddings.Inputs(SimulatedCall.Member(call.Body, "input")))
        {
            results.Add(Result());
        }

        await SimulatedAnswer.WriteJsonAsync(
            context, new JsonObject { ["id"] = "modr-" + call.Id, ["model"] = SimulatedCall.TextOf(call.Body, "model") ?? "omni-moderation-latest", ["results"] = results });
    }

    private static JsonObject Result()
    {
        JsonObject flags = [];
        JsonObject scores = [];
        JsonObject types = [];
        foreach (string category in Categories)
        {
            flags[category] = false;
            scores[category] = 0.0;
            types[category] = new JsonArray("text");
        }

        return new JsonObject
        {
            ["flagged"] = false,
            ["categories"] = flags,
            ["category_scores"] = scores,
            ["category_applied_input_types"] = types,
        };
    }
}
