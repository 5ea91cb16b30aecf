using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;
using BudgetGuard.Estimation;
using BudgetGuard.Filtering;
using BudgetGuard.Identification;
using BudgetGuard.Policy;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Api.Administration;

/// <summary>Says what would become of a request: whether it is guarded, and what each budget says to it. Holds nothing.</summary>
internal sealed class ExplainApi(
    EndpointFinder endpoints, SettingsSource settings, BudgetPolicy policy, ModelCosts costs, AccountApi accounts)
{
    public async Task ExplainAsync(HttpContext context)
    {
        var query = new ApiQuery(context, "method", "path", "user", "operation", "model", "cost");
        query.Check();
        string method = query.Text("method") is { Length: > 0 } named ? named.ToUpperInvariant() : HttpMethods.Post;
        string path = query.Required("path");
        if (path[0] != '/')
        {
            throw ApiProblemException.Invalid("'path' does not begin with a slash.");
        }

        Endpoint? endpoint = endpoints.Find(method, path);
        EndpointTerms? terms = EndpointTerms.Of(endpoint);
        ModelApi? api = ModelApis.Match(path, out string? modelFromPath);
        if (terms?.ModelApi is { } own && own != api)
        {
            (api, modelFromPath) = (own, null);
        }

        GuardSettings current = settings.Current;
        FilterVerdict verdict = Judge(method, path, endpoint, terms, api, current);
        if (verdict != FilterVerdict.Guarded)
        {
            await WriteAsync(context, new ExplainRow(false, WhyNot(verdict, path), [], DecisionNames.Of(DecisionKind.Allow)));
            return;
        }

        GuardedRequest request = Request(query, terms, api, modelFromPath);
        (List<ExplainedBudget> budgets, DecisionKind decision) = await AskAsync(request, current, context);
        await WriteAsync(context, new ExplainRow(true, Why(budgets, decision, terms, current), budgets, DecisionNames.Of(decision)));
    }

    private static Task WriteAsync(HttpContext context, ExplainRow row) => ApiAnswer.WriteAsync(context, row, AdministrationJson.Default.ExplainRow);

    /// <summary>The very filter that requests pass, on a request that never comes.</summary>
    private static FilterVerdict Judge(string method, string path, Endpoint? endpoint, EndpointTerms? terms, ModelApi? api, GuardSettings current)
    {
        var imagined = new DefaultHttpContext();
        imagined.Request.Method = method;
        imagined.Request.Path = path;
        imagined.SetEndpoint(endpoint);
        return RequestFilter.Judge(imagined, path, terms, api is not null && HttpMethods.IsPost(method), current);
    }

    private GuardedRequest Request(ApiQuery query, EndpointTerms? terms, ModelApi? api, string? modelFromPath)
    {
        var subject = new BudgetSubject(query.Text("user"));
        SubjectRules.Check(ref subject);
        string operation = query.Text("operation") is { Length: > 0 } given ? given : DefaultOperationExtractor.Extract(terms, api);
        string? model = query.Text("model") is { Length: > 0 } wanted ? wanted : modelFromPath;
        Money cost = query.Amount("cost") is { } usd ? Money.FromUsd(usd)
            : terms?.Cost ?? costs.FlatCostOf(model) ?? throw ApiProblemException.Invalid("The model has no price, and such models are rejected; give 'cost' to ask all the same.");
        return new GuardedRequest(subject, operation, model, modelIsOnlyClaimed: false, terms?.RequiredBudgets ?? []) { Amount = new Charge(cost) };
    }

    private async Task<(List<ExplainedBudget> Budgets, DecisionKind Decision)> AskAsync(GuardedRequest request, GuardSettings current, HttpContext context)
    {
        var budgets = new List<ExplainedBudget>();
        DecisionKind decision = DecisionKind.Allow;
        foreach (Account account in policy.Match(request, current).Accounts.Accounts)
        {
            AccountState state = await accounts.ReadStateAsync(account, context);
            DecisionKind own = DecisionOf(account.Terms, state, request.KnownAmount);
            budgets.Add(new ExplainedBudget(
                account.Terms.Name, AccountAddress.PartitionOf(account), AccountAddress.InUnit(account.Terms.Unit, state.Available), DecisionNames.Of(own)));
            if (account.Terms.Enforced && own > decision)
            {
                decision = own;
            }
        }

        return (budgets, decision);
    }

    private static DecisionKind DecisionOf(BudgetTerms terms, in AccountState state, in Charge charge)
    {
        long amount = terms.Unit == BudgetUnit.Concurrency ? 1 : charge.In(terms.Unit);
        if (amount == 0 || amount <= state.Available)
        {
            return DecisionKind.Allow;
        }

        bool exceedsLimit = amount > state.Limit;
        bool isHeldByOthers = !exceedsLimit && amount <= state.Limit - state.Settled - state.Debt;
        return isHeldByOthers || (!exceedsLimit && terms.OnExceeded == BudgetAction.Throttle && state.ResetsAt is not null)
            ? DecisionKind.Throttle
            : DecisionKind.Reject;
    }

    private static string WhyNot(FilterVerdict verdict, string path) => verdict switch
    {
        FilterVerdict.MonitoringOff => "EnableBudgetMonitoring is false: nothing is guarded.",
        FilterVerdict.DisabledByEndpoint => "The endpoint says DisableBudgetGuard.",
        FilterVerdict.MethodExcluded => "The method is in ExcludeMethods.",
        FilterVerdict.PathExcluded => $"{path} is under a path of ExcludePaths.",
        _ => $"{path} is under no path of IncludeOnlyPaths.",
    };

    private static string Why(List<ExplainedBudget> budgets, DecisionKind decision, EndpointTerms? terms, GuardSettings current)
    {
        string guarded = terms is { IsRequired: true } ? "The endpoint says RequireBudget. "
            : current.IncludeOnlyPaths.IsEmpty ? "No filter lets it off. "
            : "Its path is in IncludeOnlyPaths. ";
        return guarded + (budgets.Count == 0 ? "No budget applies to it."
            : decision == DecisionKind.Allow ? budgets.Any(static one => one.Decision != "allow") ? "Only budgets that do not enforce have too little left." : "Every budget that applies has enough left."
            : $"{string.Join(" and ", budgets.Where(static one => one.Decision != "allow").Select(static one => one.Name))} cannot pay for it.");
    }
}
