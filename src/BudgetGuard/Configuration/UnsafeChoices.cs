namespace BudgetGuard.Configuration;

/// <summary>What a configuration allows that a careful person would want to be told of at start.</summary>
internal static class UnsafeChoices
{
    /// <summary>One sentence for each choice; empty if there is nothing to say.</summary>
    /// <param name="settings">The choices.</param>
    /// <param name="storeMayFail">False where accounts are in memory: what becomes of a request then needs no telling.</param>
    public static IReadOnlyList<string> Of(GuardSettings settings, bool storeMayFail)
    {
        List<string> found = [];
        if (!settings.EnableBudgetMonitoring)
        {
            return ["EnableBudgetMonitoring is false: nothing is decided, held or metered."];
        }

        List<BudgetRule> enforced = [.. settings.Budgets.Where(rule => rule.Terms.Enforced)];
        if (settings.Budgets.IsEmpty)
        {
            found.Add("No budgets are configured: every request is allowed.");
        }
        else if (enforced.Count == 0)
        {
            found.Add("No budget is enforced: every one is a shadow or only alerts.");
        }
        else if (enforced.TrueForAll(rule => rule.IsExplicit || !rule.Users.IsEmpty || !rule.Teams.IsEmpty))
        {
            found.Add("Every enforced budget is explicit or for named users or teams: other callers, anonymous ones included, are without a limit.");
        }

        string[] open = [.. enforced.Where(rule => rule.OnStoreFailure == StoreFailureAction.Allow).Select(rule => rule.Terms.Name)];
        if (storeMayFail && open.Length > 0)
        {
            found.Add($"While the store fails, requests pass uncounted (FailOpen or OnStoreFailure) although these budgets are enforced: {string.Join(", ", open)}.");
        }

        if (settings.UnpricedModels == UnpricedModels.Allow)
        {
            found.Add("UnpricedModels is Allow: a model without a price costs nothing.");
        }

        if (settings.DefaultCost == Money.Zero)
        {
            found.Add("DefaultCost is 0: a request that nothing else prices costs nothing, and so does a model without a price.");
        }

        if (settings.TrustUserHeader == true)
        {
            found.Add($"TrustUserHeader is true: callers name themselves in {settings.UserHeader}.");
        }

        if (!settings.EnableCostTracking)
        {
            found.Add("EnableCostTracking is false: responses are not metered, estimates are charged as they are.");
        }

        if (settings.ExpiredHolds == ExpiredHolds.Release)
        {
            found.Add("ExpiredHolds is Release: what a request spent is given back if nobody reports it in time.");
        }

        return found;
    }
}
