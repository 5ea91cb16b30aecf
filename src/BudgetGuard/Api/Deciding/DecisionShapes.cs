using System.Text.Json;
using System.Text.Json.Serialization;
using BudgetGuard.Api.Administration;
using Microsoft.AspNetCore.Mvc;

namespace BudgetGuard.Api.Deciding;

/// <summary>What the routes take and answer, for documents that describe them: bodies are read strictly, and a decision is one of two answers.</summary>
internal static class DecisionShapes
{
    public static ApiParameter Question { get; } = Of(static ([FromBody] DecisionQuestion question) => { });

    public static ApiParameter Settlement { get; } = Of(static ([FromBody] SettlementReport report) => { });

    public static ApiParameter Extension { get; } = Of(static ([FromBody] ExtensionQuestion question) => { });

    private static ApiParameter Of(Delegate shape) => new(shape.Method.GetParameters()[0]);
}

/// <summary>What another framework asks.</summary>
internal sealed record DecisionQuestion(
    string User,
    string? Id = null,
    string? Team = null,
    string? Operation = null,
    string? Model = null,
    [property: JsonPropertyName("estimated_cost")] decimal? EstimatedCost = null,
    JsonElement? Request = null,
    string? Path = null,
    [property: JsonPropertyName("ttl_seconds")] int? TtlSeconds = null);

/// <summary>An allow has the members of a hold, a denial those of what to send on.</summary>
internal sealed record DecisionAnswer(
    string Decision,
    [property: JsonPropertyName("hold_id")] string? HoldId = null,
    [property: JsonPropertyName("estimated_cost")] decimal? EstimatedCost = null,
    [property: JsonPropertyName("expires_at")] DateTime? ExpiresAt = null,
    string? Budget = null,
    decimal? Remaining = null,
    bool? Degraded = null,
    int? Status = null,
    [property: JsonPropertyName("retry_after")] long? RetryAfter = null,
    IReadOnlyDictionary<string, string>? Headers = null,
    JsonElement? Body = null);

/// <summary>A cost, or the usage of a model.</summary>
internal sealed record SettlementReport(decimal? Cost = null, string? Model = null, JsonElement? Usage = null);

/// <summary>How much more is needed.</summary>
internal sealed record ExtensionQuestion(decimal Cost);
