using System.Text.Json.Serialization;

namespace BudgetGuard.Api.Administration;

/// <summary>A configured budget; its limit is in its unit.</summary>
internal sealed record BudgetRow(
    string Name,
    string Unit,
    decimal Limit,
    string Window,
    IReadOnlyList<string> Per,
    [property: JsonPropertyName("on_exceeded")] string OnExceeded,
    string Mode);

/// <summary>An account in its current window; its amounts are in its budget's unit.</summary>
internal sealed record AccountRow(
    string Budget,
    IReadOnlyDictionary<string, string?> Partition,
    [property: JsonPropertyName("window_start")] DateTime? WindowStart,
    [property: JsonPropertyName("resets_at")] DateTime? ResetsAt,
    decimal Limit,
    decimal Settled,
    decimal Held,
    decimal Debt,
    decimal Available);

/// <summary>Names as the API writes them.</summary>
internal static class ApiNames
{
    public static string Of(BudgetUnit unit) => unit switch
    {
        BudgetUnit.Usd => "usd",
        BudgetUnit.Tokens => "tokens",
        BudgetUnit.Requests => "requests",
        _ => "concurrency",
    };

    public static string Of(BudgetAction action) => action switch
    {
        BudgetAction.Throttle => "throttle",
        BudgetAction.Alert => "alert",
        _ => "reject",
    };

    public static string Of(WindowSpec window) => window.Rolling is not null ? "rolling" : window.Period switch
    {
        BudgetPeriod.Minute => "minute",
        BudgetPeriod.Hour => "hour",
        BudgetPeriod.Day => "day",
        BudgetPeriod.Week => "week",
        BudgetPeriod.Month => "month",
        BudgetPeriod.Quarter => "quarter",
        BudgetPeriod.Year => "year",
        _ => "total",
    };

    /// <summary>A dimension: the guard's own in lower case, a tag as it is configured.</summary>
    public static string OfDimension(string dimension) => dimension switch
    {
        "User" => "user",
        "Team" => "team",
        "ApiKey" => "api_key",
        "Model" => "model",
        "Operation" => "operation",
        _ => dimension,
    };

    public static DateTime? Utc(DateTimeOffset? time) => time?.UtcDateTime;
}

/// <summary>What raises the limit of an account.</summary>
internal sealed record TopUpRequest(string Budget, decimal Amount, Dictionary<string, string?>? Partition = null, string? Until = null);

/// <summary>What begins an account anew.</summary>
internal sealed record ResetRequest(string Budget, Dictionary<string, string?>? Partition = null);

/// <summary>What was spent in an hour or a day by whom and on what; null where it is not told apart. The budget is there only where it is asked for.</summary>
internal sealed record SpendRow(
    DateTime Start,
    string? User,
    string? Model,
    string? Operation,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Budget,
    long Requests,
    long Denied,
    [property: JsonPropertyName("input_tokens")] long InputTokens,
    [property: JsonPropertyName("output_tokens")] long OutputTokens,
    decimal Cost);

/// <summary>A decision; its cost is null until it is settled.</summary>
internal sealed record DecisionRow(
    DateTime At, string? User, string Operation, string? Model, string Decision, string? Budget, decimal Estimated, decimal? Cost, string? Reason);

/// <summary>What would become of a request.</summary>
internal sealed record ExplainRow(bool Guarded, string Why, IReadOnlyList<ExplainedBudget> Budgets, string Decision);

/// <summary>What one budget says to a request; what it has left is in its unit.</summary>
internal sealed record ExplainedBudget(string Name, IReadOnlyDictionary<string, string?> Partition, decimal Available, string Decision);

/// <summary>An alert and what became of it at each sink.</summary>
internal sealed record AlertRow(
    Guid Id,
    string Type,
    string Severity,
    DateTime At,
    string? Budget,
    IReadOnlyDictionary<string, string?> Partition,
    decimal? Threshold,
    decimal? Limit,
    decimal? Used,
    string Message,
    IReadOnlyList<DeliveryRow> Delivery);

/// <summary>What became of an alert at a sink.</summary>
internal sealed record DeliveryRow(string Sink, string Outcome, string? Failure);

/// <summary>Which sink is tried.</summary>
internal sealed record AlertTestRequest(string Sink);

/// <summary>What became of the trial.</summary>
internal sealed record AlertTestRow(string Sink, bool Delivered, string? Failure);
