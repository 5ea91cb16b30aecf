using System.Text.Json;
using System.Text.Json.Nodes;

namespace BudgetGuard.Gateway.Simulation;

/// <summary>OpenAI's text completions.</summary>
internal static class SimulatedCompletions
{
    private const int MostChoices = 128;
    private const int DefaultMaxTokens = 16;

    public static async Task AnswerAsync(HttpContext context)
    {
        if (await SimulatedCall.ReadAsync(context, ["prompt", "suffix"]) is not { } call)
        {
            return;
        }

        SimulatedReply reply = SimulatedReply.To(call, call.Number("max_tokens") ?? DefaultMaxTokens);
        int choices = Math.Min((call.Number("n") ?? 1) * Prompts(call), MostChoices);
        if (call.IsStream)
        {
            await StreamAsync(context, call, reply, choices);
            return;
        }

        JsonObject body = Head(call, SimulatedAnswer.Seconds(context));
        JsonArray all = [];
        for (int index = 0; index < choices; index++)
        {
            all.Add(Choice(reply.Text, index, Finish(reply)));
        }

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
            for (int at = 0; at < reply.Pieces.Count; at++)
            {
                JsonObject chunk = Head(call, created);
                chunk["choices"] = new JsonArray(Choice(reply.Pieces[at], index, at + 1 == reply.Pieces.Count ? Finish(reply) : null));
                if (withUsage)
                {
                    chunk["usage"] = null;
                }

                await SimulatedAnswer.WriteEventAsync(context, chunk);
            }
        }

        if (withUsage)
        {
            JsonObject last = Head(call, created);
            last["choices"] = new JsonArray();
            last["usage"] = OpenAIUsage.Of(call.Prompt.Tokens, reply.Tokens * choices);
            await SimulatedAnswer.WriteEventAsync(context, last);
        }

        await SimulatedAnswer.WriteDoneAsync(context);
    }

    /// <summary>A list of texts, or of lists of tokens, is a prompt each; a list of tokens is one.</summary>
    private static int Prompts(SimulatedCall call) =>
        SimulatedCall.Member(call.Body, "prompt") is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() is > 0 and var count
            && list[0].ValueKind != JsonValueKind.Number
            ? Math.Min(count, MostChoices)
            : 1;

    private static JsonObject Head(SimulatedCall call, long created) => new()
    {
        ["id"] = "cmpl-" + call.Id,
        ["object"] = "text_completion",
        ["created"] = created,
        ["model"] = call.Model,
        ["system_fingerprint"] = "fp_simulated",
    };

    private static JsonObject Choice(string text, int index, string? finish) =>
        new() { ["text"] = text, ["index"] = index, ["logprobs"] = null, ["finish_reason"] = finish };

    private static string Finish(SimulatedReply reply) => reply.IsCut ? "length" : "stop";
}
