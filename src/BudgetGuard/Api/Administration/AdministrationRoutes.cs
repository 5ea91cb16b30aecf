using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace BudgetGuard.Api.Administration;

/// <summary>The routes of administration.</summary>
internal static class AdministrationRoutes
{
    public static void Map(RouteGroupBuilder group)
    {
        group.Add<AccountApi>("GET", "/budgets", "ListBudgets", "The configured budgets", ApiShapes.Budgets, static (api, context) => api.ListBudgetsAsync(context))
            .Answers<BudgetRow[]>();
        group.Add<AccountApi>(
                "GET", "/accounts", "ListAccounts", "The accounts of a budget; one if its partition is given in full, else those in use", ApiShapes.Accounts,
                static (api, context) => api.ListAccountsAsync(context))
            .Answers<AccountRow[]>(StatusCodes.Status404NotFound);
    }

    /// <summary>Everything else under the prefix: what is no route here must not be one of the app's either, and not answer who may not ask.</summary>
    public static void MapUnknown(RouteGroupBuilder group) => group.AddUnknown(("/budgets", "GET"), ("/accounts", "GET"));
}
