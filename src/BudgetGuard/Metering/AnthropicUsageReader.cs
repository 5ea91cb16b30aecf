using System.Text.Json;
using BudgetGuard.Identification;

namespace BudgetGuard.Metering;

/// <summary>
/// Reads the usage of Anthropic's Messages API. The input count leaves the cache out; the top-level counts leave out calls made inside the answer
/// (<c>iterations</c>: compaction, advisors, fallbacks), which are billed too, each at its own model.
/// </summary>
internal sealed class AnthropicUsageReader : IUsageReader
{
    public bool CanRead(string modelApi) => string.Equals(modelApi, ModelApis.AnthropicMessages.Name, StringComparison.OrdinalIgnoreCase);

    public TokenUsage? Read(JsonElement answer)
    {
        var usage = UsageFields.Block(answer, "usage");
        var iterations = UsageFields.Member(usage, "iterations");
        var hasIterations = iterations.ValueKind == JsonValueKind.Array && iterations.GetArrayLength() > 0;
        var known = UsageFields.Count(usage, "input_tokens") is not null && UsageFields.Count(usage, "output_tokens") is not null;
        if (!known && !hasIterations)
        {
            return null;
        }

        var model = UsageFields.Text(answer, "model");
        var top = Counts.Of(usage);
        var calls = new List<(string? Model, Counts Counts)>(1);
        if (hasIterations)
        {
            AddIterations(calls, iterations, model);
        }

        var all = default(Counts);
        foreach (var call in calls)
        {
            all += call.Counts;
        }

        // Never less than the top level says.
        Add(calls, model, top.Beyond(all));
        all += top.Beyond(all);
        if (all == default && !UsageFields.IsError(answer))
        {
            return null;
        }

        var whole = all.ToUsage(model) with
        {
            ReasoningTokens = Math.Min(Math.Max(top.Reasoning, all.Reasoning), all.Output),
            WebSearches = UsageFields.Count(UsageFields.Block(usage, "server_tool_use"), "web_search_requests") ?? 0,
            ServiceTier = UsageFields.Text(usage, "speed") is { } speed && speed != "standard" ? speed : UsageFields.Text(usage, "service_tier"),
            ReportedCostUsd = UsageFields.Cost(answer, usage),
        };
        return calls.Count < 2 ? whole with { Model = calls.Count == 1 ? calls[0].Model : model } : whole with { Parts = Split(whole, calls) };
    }

    private static void AddIterations(List<(string? Model, Counts Counts)> calls, JsonElement iterations, string? model)
    {
        foreach (var iteration in iterations.EnumerateArray())
        {
            Add(calls, UsageFields.Text(iteration, "model") ?? model, Counts.Of(iteration));
        }
    }

    private static void Add(List<(string? Model, Counts Counts)> calls, string? model, Counts counts)
    {
        if (counts == default)
        {
            return;
        }

        for (var i = 0; i < calls.Count; i++)
        {
            if (string.Equals(calls[i].Model, model, StringComparison.OrdinalIgnoreCase))
            {
                calls[i] = (model, calls[i].Counts + counts);
                return;
            }
        }

        calls.Add((model, counts));
    }

    private static TokenUsage[] Split(TokenUsage whole, List<(string? Model, Counts Counts)> calls)
    {
        var parts = new TokenUsage[calls.Count];
        var reasoning = whole.ReasoningTokens;
        for (var i = 0; i < parts.Length; i++)
        {
            var part = calls[i].Counts.ToUsage(calls[i].Model);
            parts[i] = part with
            {
                ReasoningTokens = Math.Min(reasoning, part.OutputTokens),
                WebSearches = i == 0 ? whole.WebSearches : 0,
                ServiceTier = whole.ServiceTier,
            };
            reasoning -= parts[i].ReasoningTokens;
        }

        return parts;
    }

    private readonly record struct Counts(long Fresh, long Read, long Written, long Written1h, long Output, long Reasoning)
    {
        public static Counts Of(JsonElement usage)
        {
            var lives = UsageFields.Block(usage, "cache_creation");
            var hour = UsageFields.Count(lives, "ephemeral_1h_input_tokens") ?? 0;
            var minutes = UsageFields.Count(lives, "ephemeral_5m_input_tokens") ?? 0;
            var output = UsageFields.Count(usage, "output_tokens") ?? 0;
            var reasoning = UsageFields.Count(UsageFields.Block(usage, "output_tokens_details"), "thinking_tokens") ?? 0;
            return new Counts(
                UsageFields.Count(usage, "input_tokens") ?? 0,
                UsageFields.Count(usage, "cache_read_input_tokens") ?? 0,
                Math.Max(minutes, (UsageFields.Count(usage, "cache_creation_input_tokens") ?? 0) - hour),
                hour,
                reasoning > output ? output + reasoning : output,
                reasoning);
        }

        public static Counts operator +(Counts left, Counts right) => new(
            left.Fresh + right.Fresh, left.Read + right.Read, left.Written + right.Written, left.Written1h + right.Written1h,
            left.Output + right.Output, left.Reasoning + right.Reasoning);

        public Counts Beyond(Counts other) => new(
            Math.Max(0, Fresh - other.Fresh), Math.Max(0, Read - other.Read), Math.Max(0, Written - other.Written),
            Math.Max(0, Written1h - other.Written1h), Math.Max(0, Output - other.Output), 0);

        public TokenUsage ToUsage(string? model) => new()
        {
            Model = model,
            InputTokens = Fresh + Read + Written + Written1h,
            OutputTokens = Output,
            CacheReadTokens = Read,
            CacheWriteTokens = Written,
            CacheWrite1hTokens = Written1h,
        };
    }
}
