using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace BudgetGuard.Api.Administration;

/// <summary>The routes of administration.</summary>
internal static class AdministrationRoutes
{
    public static void Map(RouteGroupBuilder group)
    {
        group.Add<AccountApi>("GET", "/budgets", "ListBudgets", "The configured budgets", ApiShapes.Nothing, static (api, context) => api.ListBudgetsAsync(context))
            .Answers<BudgetRow[]>();
        MapAccounts(group);
        group.Add<HistoryApi>(
                "GET", "/spend", "ListSpend", "What was spent, by the hour or day", ApiShapes.Spend, static (api, context) => api.ListSpendAsync(context))
            .Answers<SpendRow[]>();
        group.Add<HistoryApi>(
                "GET", "/decisions", "ListDecisions", "The last decisions, the newest first", ApiShapes.Decisions, static (api, context) => api.ListDecisionsAsync(context))
            .Answers<DecisionRow[]>();
        group.Add<ExplainApi>(
                "GET", "/explain", "Explain", "What would become of a request; nothing is held", ApiShapes.Explain, static (api, context) => api.ExplainAsync(context))
            .Answers<ExplainRow>();
        group.Add<AlertApi>(
                "GET", "/alerts", "ListAlerts", "The last alerts and their delivery, the newest first", ApiShapes.Alerts, static (api, context) => api.ListAsync(context))
            .Answers<AlertRow[]>();
        group.Add<AlertApi>("POST", "/alerts/test", "TestAlertSink", "Sends a test to a sink", ApiShapes.Test, static (api, context) => api.TestAsync(context))
            .Answers<AlertTestRow>(StatusCodes.Status404NotFound, StatusCodes.Status415UnsupportedMediaType);
        group.Add<EventApi>(
                "GET", "/events", "ListenToEvents", "Server-sent events: decision, account, alert", ApiShapes.Nothing, static (api, context) => api.ListenAsync(context))
            .Streams();
    }

    /// <summary>Everything else under the prefix: what is no route here must not be one of the app's either, and not answer who may not ask.</summary>
    public static void MapUnknown(RouteGroupBuilder group) => group.AddUnknown(
        ("/budgets", "GET"), ("/accounts", "GET"), ("/accounts/topup", "POST"), ("/accounts/reset", "POST"), ("/spend", "GET"), ("/decisions", "GET, POST"),
        ("/explain", "GET"), ("/alerts", "GET"), ("/alerts/test", "POST"), ("/me", "GET"), ("/events", "GET"));

    private static void MapAccounts(RouteGroupBuilder group)
    {
        group.Add<AccountApi>(
                "GET", "/accounts", "ListAccounts", "The accounts of a budget; one if its partition is given in full, else those in use", ApiShapes.Accounts,
                static (api, context) => api.ListAccountsAsync(context))
            .Answers<AccountRow[]>(StatusCodes.Status404NotFound);
        group.Add<AccountApi>(
                "POST", "/accounts/topup", "TopUpAccount", "Raises an account's limit for its window or until a time", ApiShapes.TopUp,
                static (api, context) => api.TopUpAsync(context))
            .Answers<AccountRow>(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status415UnsupportedMediaType);
        group.Add<AccountApi>(
                "POST", "/accounts/reset", "ResetAccount", "Begins an account anew", ApiShapes.Reset, static (api, context) => api.ResetAsync(context))
            .Answers<AccountRow>(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status415UnsupportedMediaType);
        group.Add<MeApi>("GET", "/me", "ReadOwnAccounts", "The caller's own accounts", ApiShapes.Nothing, static (api, context) => api.ReadAsync(context))
            .Answers<AccountRow[]>()
            .WithMetadata(OwnAccountsMetadata.Instance);
    }
}
