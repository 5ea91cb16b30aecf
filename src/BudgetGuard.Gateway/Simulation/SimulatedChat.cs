using System.Text.Json.Nodes;

namespace BudgetGuard.Gateway.Simulation;

/// <summary>OpenAI's chat completions.</summary>
internal static class SimulatedChat
{
    private const int MostChoices = 128;

    public static async Task AnswerAsync(HttpContext context)
    {
        if (await SimulatedCall.ReadAsync(context, ["tools", "messages"]) is not { } call)
        {
            return;
        }

        SimulatedReply reply = SimulatedReply.To(call, call.Number("max_completion_tokens", "max_tokens"));
        int choices = Math.Min(call.Number("n") ?? 1, MostChoices);
        if (call.IsStream)
        {
            await StreamAsync(context, call, reply, choices);
            return;
        }

        JsonArray all = [];
        for (int index = 0; index < choices; index++)
        {
            all.Add(new JsonObject
            {
                ["index"] = index,
                ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = reply.Text, ["refusal"] = null, ["annotations"] = new JsonArray() },
                ["logprobs"] = null,
                ["finish_reason"] = Finish(reply),
            });
        }

        JsonObject body = Head(call, "chat.completion", SimulatedAnswer.Seconds(context));
        body["choices"] = all;
        body["usage"] = OpenAIUsage.Of(call.Prompt.Tokens, reply.Tokens * choices);
        await SimulatedAnswer.WriteJsonAsync(context, body);
    }

    private static async Task StreamAsync(HttpContext context, SimulatedCall call, SimulatedReply reply, int choices)
    {
        long created = SimulatedAnswer.Seconds(context);
        bool withUsage = SimulatedCall.Flag(SimulatedCall.Member(call.Body, "stream_options"), "include_usage");
        SimulatedAnswer.StartEvents(context);
        for (int index = 0; index < choices; index++)
        {
            await SendAsync(new JsonObject { ["role"] = "assistant", ["content"] = "", ["refusal"] = null }, index, null);
            foreach (string piece in reply.Pieces)
            {
                await SendAsync(new JsonObject { ["content"] = piece }, index, null);
            }

            await SendAsync([], index, Finish(reply));
        }

        if (withUsage)
        {
            JsonObject last = Head(call, "chat.completion.chunk", created);
            last["choices"] = new JsonArray();
            last["usage"] = OpenAIUsage.Of(call.Prompt.Tokens, reply.Tokens * choices);
            await SimulatedAnswer.WriteEventAsync(context, last);
        }

        await SimulatedAnswer.WriteDoneAsync(context);

        Task SendAsync(JsonObject delta, int index, string? finish)
        {
            JsonObject chunk = Head(call, "chat.completion.chunk", created);
            chunk["choices"] = new JsonArray(
                new JsonObject { ["index"] = index, ["delta"] = delta, ["logprobs"] = null, ["finish_reason"] = finish });
            if (withUsage)
            {
                // Asked for, it is null on every chunk but the last; else the member is not there.
                chunk["usage"] = null;
            }

            return SimulatedAnswer.WriteEventAsync(context, chunk);
        }
    }

    private static JsonObject Head(SimulatedCall call, string type, long created) => new()
    {
        ["id"] = "chatcmpl-" + call.Id,
        ["object"] = type,
        ["created"] = created,
        ["model"] = call.Model,
        ["service_tier"] = "default",
        ["system_fingerprint"] = "fp_simulated",
    };

    private static string Finish(SimulatedReply reply) => reply.IsCut ? "length" : "stop";
}
