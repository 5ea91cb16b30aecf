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
