namespace BudgetGuard.Gateway.Hosting;

/// <summary>Two budgets for a first run without any, small enough to see a throttle and a reject. Budgets of one's own take their place.</summary>
internal sealed class DemoBudgets
{
    /// <summary>What they are called and allow, for a person.</summary>
    public const string Description = "demo_minute (20 requests a minute for each user) and demo_day ($0.10 a day for each user)";

    private volatile bool _areInUse;

    /// <summary>True where nobody configured a budget; known once the guard's options were made.</summary>
    public bool AreInUse => _areInUse;

    public void AddTo(BudgetGuardOptions options)
    {
        _areInUse = options.Budgets.Count == 0;
        if (!_areInUse)
        {
            return;
        }

        options.Budgets["demo_minute"] = new BudgetOptions { Requests = 20, Period = BudgetPeriod.Minute, Per = ["User"], OnExceeded = BudgetAction.Throttle };
        options.Budgets["demo_day"] = new BudgetOptions { Limit = 0.10m, Period = BudgetPeriod.Day, Per = ["User"], OnExceeded = BudgetAction.Reject };
    }
}
