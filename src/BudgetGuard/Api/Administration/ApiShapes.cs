using Microsoft.AspNetCore.Mvc;

namespace BudgetGuard.Api.Administration;

/// <summary>What the routes take, for documents that describe them: handlers read requests themselves, to refuse what is unknown and to say what is wrong.</summary>
internal static class ApiShapes
{
    public static Delegate Nothing { get; } = static () => { };

    public static Delegate Accounts { get; } = static (
        [FromQuery] string budget, [FromQuery] string? user, [FromQuery] string? team, [FromQuery(Name = "api_key")] string? apiKey, [FromQuery] string? model,
        [FromQuery] string? operation, [FromQuery] int? limit) => { };

    public static Delegate TopUp { get; } = static ([FromBody] TopUpRequest request) => { };

    public static Delegate Reset { get; } = static ([FromBody] ResetRequest request) => { };

    public static Delegate Spend { get; } = static (
        [FromQuery] DateTimeOffset? from, [FromQuery] DateTimeOffset? to, [FromQuery(Name = "group_by")] string? groupBy, [FromQuery] string? interval) => { };

    public static Delegate Decisions { get; } = static ([FromQuery] int? limit) => { };

    public static Delegate Explain { get; } = static (
        [FromQuery] string? method, [FromQuery] string path, [FromQuery] string? user, [FromQuery] string? operation, [FromQuery] string? model,
        [FromQuery] decimal? cost) => { };

    public static Delegate Alerts { get; } = static ([FromQuery] int? limit) => { };

    public static Delegate Test { get; } = static ([FromBody] AlertTestRequest request) => { };
}
