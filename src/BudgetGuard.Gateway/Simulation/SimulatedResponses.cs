using System.Text.Json.Nodes;

namespace BudgetGuard.Gateway.Simulation;

/// <summary>OpenAI's responses.</summary>
internal static class SimulatedResponses
{
    public static async Task AnswerAsync(HttpContext context)
    {
        if (await SimulatedCall.ReadAsync(context, ["instructions", "tools", "input"]) is not { } call)
        {
            return;
        }

        SimulatedReply reply = SimulatedReply.To(call, call.Number("max_output_tokens"));
        long created = SimulatedAnswer.Seconds(context);
        if (call.IsStream)
        {
            await StreamAsync(context, call, reply, created);
            return;
        }

        await SimulatedAnswer.WriteJsonAsync(context, Whole(call, reply, created));
    }

    private static async Task StreamAsync(HttpContext context, SimulatedCall call, SimulatedReply reply, long created)
    {
        string item = ItemId(call);
        int sequence = 0;
        SimulatedAnswer.StartEvents(context);
        await SendAsync("response.created", new() { ["response"] = Started(call, created) });
        await SendAsync("response.in_progress", new() { ["response"] = Started(call, created) });
        await SendAsync("response.output_item.added", new() { ["output_index"] = 0, ["item"] = Item(call, "in_progress", null) });
        await SendAsync("response.content_part.added", new() { ["item_id"] = item, ["output_index"] = 0, ["content_index"] = 0, ["part"] = Part("") });
        foreach (string piece in reply.Pieces)
        {
            await SendAsync("response.output_text.delta", new()
            {
                ["item_id"] = item,
                ["output_index"] = 0,
                ["content_index"] = 0,
                ["delta"] = piece,
                ["logprobs"] = new JsonArray(),
            });
        }

        await SendAsync("response.output_text.done", new()
        {
            ["item_id"] = item,
            ["output_index"] = 0,
            ["content_index"] = 0,
            ["text"] = reply.Text,
            ["logprobs"] = new JsonArray(),
        });
        await SendAsync("response.content_part.done", new()
        {
            ["item_id"] = item,
            ["output_index"] = 0,
            ["content_index"] = 0,
            ["part"] = Part(reply.Text),
        });
        await SendAsync("response.output_item.done", new() { ["output_index"] = 0, ["item"] = Item(call, Status(reply), reply.Text) });
        await SendAsync(reply.IsCut ? "response.incomplete" : "response.completed", new() { ["response"] = Whole(call, reply, created) });

        Task SendAsync(string type, JsonObject members)
        {
            members.Insert(0, "type", type);
            members.Insert(1, "sequence_number", sequence++);
            return SimulatedAnswer.WriteEventAsync(context, members, type);
        }
    }

    private static JsonObject Started(SimulatedCall call, long created) => Response(call, created, "in_progress");

    private static JsonObject Whole(SimulatedCall call, SimulatedReply reply, long created)
    {
        JsonObject response = Response(call, created, Status(reply));
        response["incomplete_details"] = reply.IsCut ? new JsonObject { ["reason"] = "max_output_tokens" } : null;
        response["output"] = new JsonArray(Item(call, Status(reply), reply.Text));
        response["usage"] = new JsonObject
        {
            ["input_tokens"] = call.Prompt.Tokens,
            ["input_tokens_details"] = new JsonObject { ["cached_tokens"] = 0 },
            ["output_tokens"] = reply.Tokens,
            ["output_tokens_details"] = new JsonObject { ["reasoning_tokens"] = 0 },
            ["total_tokens"] = call.Prompt.Tokens + reply.Tokens,
        };
        return response;
    }

    private static JsonObject Response(SimulatedCall call, long created, string status) => new()
    {
        ["id"] = "resp_" + call.Id,
        ["object"] = "response",
        ["created_at"] = created,
        ["status"] = status,
        ["background"] = false,
        ["error"] = null,
        ["incomplete_details"] = null,
        ["instructions"] = SimulatedCall.TextOf(call.Body, "instructions"),
        ["max_output_tokens"] = call.Number("max_output_tokens"),
        ["model"] = call.Model,
        ["output"] = new JsonArray(),
        ["parallel_tool_calls"] = true,
        ["previous_response_id"] = SimulatedCall.TextOf(call.Body, "previous_response_id"),
        ["service_tier"] = "default",
        ["store"] = false,
        ["temperature"] = 1.0,
        ["text"] = new JsonObject { ["format"] = new JsonObject { ["type"] = "text" } },
        ["tool_choice"] = "auto",
        ["tools"] = new JsonArray(),
        ["top_p"] = 1.0,
        ["truncation"] = "disabled",
        ["usage"] = null,
        ["metadata"] = new JsonObject(),
    };

    private static JsonObject Item(SimulatedCall call, string status, string? text) => new()
    {
        ["id"] = ItemId(call),
        ["type"] = "message",
        ["status"] = status,
        ["role"] = "assistant",
        ["content"] = text is null ? new JsonArray() : new JsonArray(Part(text)),
    };

    private static JsonObject Part(string text) =>
        new() { ["type"] = "output_text", ["text"] = text, ["annotations"] = new JsonArray(), ["logprobs"] = new JsonArray() };

    private static string ItemId(SimulatedCall call) => "msg_" + call.Id;

    private static string Status(SimulatedReply reply) => reply.IsCut ? "incomplete" : "completed";
}
