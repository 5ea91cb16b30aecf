using System.Text.Json.Nodes;

namespace BudgetGuard.Gateway.Simulation;

/// <summary>Gemini's content generation, whole and streamed, and its count of tokens.</summary>
internal static class SimulatedGemini
{
    private static readonly string[] PromptMembers = ["systemInstruction", "tools", "contents"];

    // As the real one: several tokens in each part of a stream.
    private const int PiecesPerPart = 4;

    public static async Task GenerateAsync(HttpContext context)
    {
        if (await ReadAsync(context) is { } call)
        {
            SimulatedReply reply = Reply(call);
            await SimulatedAnswer.WriteJsonAsync(context, Part(call, reply.Text, reply.Tokens, Finish(reply)));
        }
    }

    /// <summary>Server-sent events if they are asked for, else one JSON array that grows.</summary>
    public static async Task StreamAsync(HttpContext context)
    {
        if (await ReadAsync(context) is not { } call)
        {
            return;
        }

        SimulatedReply reply = Reply(call);
        bool isEvents = string.Equals(context.Request.Query["alt"], "sse", StringComparison.OrdinalIgnoreCase);
        if (isEvents)
        {
            SimulatedAnswer.StartEvents(context);
        }
        else
        {
            SimulatedAnswer.Start(context, "application/json; charset=UTF-8");
        }

        for (int at = 0; at < reply.Pieces.Count; at += PiecesPerPart)
        {
            int end = Math.Min(at + PiecesPerPart, reply.Pieces.Count);
            string text = string.Concat(reply.Pieces.Skip(at).Take(end - at));
            JsonObject part = Part(call, text, end, end == reply.Pieces.Count ? Finish(reply) : null);
            if (isEvents)
            {
                await SimulatedAnswer.WriteEventAsync(context, part);
                continue;
            }

            await context.Response.WriteAsync((at == 0 ? "[" : ",\r\n") + part.ToJsonString(), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }

        if (!isEvents)
        {
            await context.Response.WriteAsync("]", context.RequestAborted);
        }
    }

    public static async Task CountTokensAsync(HttpContext context)
    {
        if (await SimulatedCall.ReadAsync(context, [.. PromptMembers, "generateContentRequest"], ModelOf(context)) is { } call)
        {
            await SimulatedAnswer.WriteJsonAsync(context, new JsonObject { ["totalTokens"] = call.Prompt.Tokens });
        }
    }

    private static string? ModelOf(HttpContext context) => context.GetRouteValue("model") as string;

    private static Task<SimulatedCall?> ReadAsync(HttpContext context) => SimulatedCall.ReadAsync(context, PromptMembers, ModelOf(context));

    private static SimulatedReply Reply(SimulatedCall call) =>
        SimulatedReply.To(call, SimulatedCall.Number(Config(call), "maxOutputTokens", "max_output_tokens"));

    private static System.Text.Json.JsonElement Config(SimulatedCall call) =>
        SimulatedCall.Member(call.Body, "generationConfig") is { ValueKind: System.Text.Json.JsonValueKind.Object } config
            ? config
            : SimulatedCall.Member(call.Body, "generation_config");

    private static JsonObject Part(SimulatedCall call, string text, int tokens, string? finish)
    {
        JsonObject candidate = new()
        {
            ["content"] = new JsonObject { ["parts"] = new JsonArray(new JsonObject { ["text"] = text }), ["role"] = "model" },
            ["index"] = 0,
        };
        if (finish is not null)
        {
            candidate.Insert(1, "finishReason", finish);
        }

        return new JsonObject
        {
            ["candidates"] = new JsonArray(candidate),
            ["usageMetadata"] = new JsonObject
            {
                ["promptTokenCount"] = call.Prompt.Tokens,
                ["candidatesTokenCount"] = tokens,
                ["totalTokenCount"] = call.Prompt.Tokens + tokens,
            },
            ["modelVersion"] = call.Model,
            ["responseId"] = call.Id,
        };
    }

    private static string Finish(SimulatedReply reply) => reply.IsCut ? "MAX_TOKENS" : "STOP";
}
