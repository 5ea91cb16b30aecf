using Microsoft.AspNetCore.Mvc;

namespace BudgetGuard.Api.Administration;

/// <summary>What the routes take, for documents that describe them: handlers read requests themselves, to refuse what is unknown and to say what is wrong.</summary>
internal static class ApiShapes
{
    public static Delegate Budgets { get; } = static () => { };

    public static Delegate Accounts { get; } = static (
        [FromQuery] string budget, [FromQuery] string? user, [FromQuery] string? team, [FromQuery(Name = "api_key")] string? apiKey, [FromQuery] string? model,
        [FromQuery] string? operation, [FromQuery] int? limit) => { };
}
