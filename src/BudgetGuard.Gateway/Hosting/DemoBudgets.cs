namespace BudgetGuard.Gateway.Hosting;

/// <summary>Two budgets for a first run without any, small enough to see a throttle and a reject. Budgets of one's own take their place.</summary>
internal static class DemoBudgets
{
    public static void AddTo(BudgetGuardOptions options)
    {
        if (options.Budgets.Count > 0)
        {
            return;
        }

        options.Budgets["demo_minute"] = new BudgetOptions { Requests = 20, Period = BudgetPeriod.Minute, Per = ["User"], OnExceeded = BudgetAction.Throttle };
        options.Budgets["demo_day"] = new BudgetOptions { Limit = 0.10m, Period = BudgetPeriod.Day, Per = ["User"], OnExceeded = BudgetAction.Reject };
    }
}
