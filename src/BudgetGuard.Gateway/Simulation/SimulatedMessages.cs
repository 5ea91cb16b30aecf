using System.Text.Json.Nodes;

namespace BudgetGuard.Gateway.Simulation;

/// <summary>Anthropic's messages.</summary>
internal static class SimulatedMessages
{
    private static readonly string[] PromptMembers = ["system", "tools", "messages"];

    public static async Task AnswerAsync(HttpContext context)
    {
        if (await SimulatedCall.ReadAsync(context, PromptMembers) is not { } call)
        {
            return;
        }

        SimulatedReply reply = SimulatedReply.To(call, call.Number("max_tokens"));
        if (call.IsStream)
        {
            await StreamAsync(context, call, reply);
            return;
        }

        JsonObject message = Message(call, reply.Tokens);
        message["content"] = new JsonArray(Text(reply.Text));
        message["stop_reason"] = Stop(reply);
        await SimulatedAnswer.WriteJsonAsync(context, message);
    }

    public static async Task CountTokensAsync(HttpContext context)
    {
        if (await SimulatedCall.ReadAsync(context, PromptMembers) is { } call)
        {
            await SimulatedAnswer.WriteJsonAsync(context, new JsonObject { ["input_tokens"] = call.Prompt.Tokens });
        }
    }

    private static async Task StreamAsync(HttpContext context, SimulatedCall call, SimulatedReply reply)
    {
        SimulatedAnswer.StartEvents(context);
        await SendAsync("message_start", new() { ["message"] = Message(call, 1) });
        await SendAsync("content_block_start", new() { ["index"] = 0, ["content_block"] = Text("") });
        await SendAsync("ping", []);
        foreach (string piece in reply.Pieces)
        {
            await SendAsync("content_block_delta", new() { ["index"] = 0, ["delta"] = new JsonObject { ["type"] = "text_delta", ["text"] = piece } });
        }

        await SendAsync("content_block_stop", new() { ["index"] = 0 });
        await SendAsync("message_delta", new()
        {
            ["delta"] = new JsonObject { ["stop_reason"] = Stop(reply), ["stop_sequence"] = null },
            ["usage"] = new JsonObject { ["output_tokens"] = reply.Tokens },
        });
        await SendAsync("message_stop", []);

        Task SendAsync(string type, JsonObject members)
        {
            members.Insert(0, "type", type);
            return SimulatedAnswer.WriteEventAsync(context, members, type);
        }
    }

    private static JsonObject Message(SimulatedCall call, long output) => new()
    {
        ["id"] = "msg_" + call.Id,
        ["type"] = "message",
        ["role"] = "assistant",
        ["model"] = call.Model,
        ["content"] = new JsonArray(),
        ["stop_reason"] = null,
        ["stop_sequence"] = null,
        ["usage"] = new JsonObject
        {
            ["input_tokens"] = call.Prompt.Tokens,
            ["cache_creation_input_tokens"] = 0,
            ["cache_read_input_tokens"] = 0,
            ["output_tokens"] = output,
            ["service_tier"] = "standard",
        },
    };

    private static JsonObject Text(string text) => new() { ["type"] = "text", ["text"] = text };

    private static string Stop(SimulatedReply reply) => reply.IsCut ? "max_tokens" : "end_turn";
}
