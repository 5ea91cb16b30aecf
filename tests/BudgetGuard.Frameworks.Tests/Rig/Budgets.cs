namespace BudgetGuard.Frameworks.Tests.Rig;

/// <summary>The budgets that every framework is tried with.</summary>
internal static class Budgets
{
    /// <summary>What everybody may spend in a day.</summary>
    public const decimal Daily = 0.10m;

    /// <summary>What is held where a request says nothing else.</summary>
    public const decimal Estimate = 0.01m;

    /// <summary>The budget that rejects.</summary>
    public const string Own = "own";

    /// <summary>The budget that throttles; only for users whose name begins with <c>slow</c>.</summary>
    public const string Slow = "slow";

    public static readonly Dictionary<string, string?> Settings = new()
    {
        ["BudgetGuard:Budgets:own:Limit"] = "0.10",
        ["BudgetGuard:Budgets:own:Period"] = "Day",
        ["BudgetGuard:Budgets:own:Per:0"] = "User",
        ["BudgetGuard:Budgets:own:OnExceeded"] = "Reject",
        ["BudgetGuard:Budgets:slow:Limit"] = "0.02",
        ["BudgetGuard:Budgets:slow:Rolling"] = "00:10:00",
        ["BudgetGuard:Budgets:slow:Per:0"] = "User",
        ["BudgetGuard:Budgets:slow:OnExceeded"] = "Throttle",
        ["BudgetGuard:Budgets:slow:Match:Users:0"] = "slow*",
    };
}
