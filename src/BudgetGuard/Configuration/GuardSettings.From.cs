using System.Collections.Immutable;

namespace BudgetGuard.Configuration;

internal sealed partial record GuardSettings
{
    /// <summary>Turns options that passed their check into what the request path reads.</summary>
    public static GuardSettings From(BudgetGuardOptions options) => new()
    {
        EnableBudgetMonitoring = options.EnableBudgetMonitoring,
        EnableCostTracking = options.EnableCostTracking,
        EnableAlerting = options.EnableAlerting,
        ExcludePaths = Paths(options.ExcludePaths),
        IncludeOnlyPaths = Included(options.IncludeOnlyPaths),
        ExcludeMethods = [.. options.ExcludeMethods],
        AsyncProcessing = options.AsyncProcessing,
        CacheDecisions = options.CacheDecisions,
        CacheTtl = TimeSpan.FromSeconds(options.CacheTtlSeconds),
        FailOpen = options.FailOpen,
        LogErrors = options.LogErrors,
        LogLevel = options.LogLevel,
        EnableRequestLogging = options.EnableRequestLogging,
        UserHeader = options.UserHeader,
        TrustUserHeader = options.TrustUserHeader,
        DefaultCost = Money.FromUsd(options.DefaultCost),
        PriceFile = options.PriceFile,
        UnpricedModels = options.UnpricedModels,
        FreeModels = Patterns(options.FreeModels, ignoreCase: true),
        DefaultMaxOutputTokens = options.DefaultMaxOutputTokens,
        StreamHoldTokens = options.StreamHoldTokens,
        OnStreamExhausted = options.OnStreamExhausted,
        RequestStreamUsage = options.RequestStreamUsage,
        MaxInspectedBodyBytes = options.MaxInspectedBodyBytes,
        HoldTimeout = options.HoldTimeout,
        ExpiredHolds = options.ExpiredHolds,
        StoreTimeout = options.StoreTimeout,
        ExposeAmounts = options.ExposeAmounts,
        ResponseFormat = options.ResponseFormat,
        ResponseHeaders = options.ResponseHeaders,
        Budgets = [.. options.Budgets
            .OrderBy(pair => pair.Key, StringComparer.OrdinalIgnoreCase)
            .Select(pair => Rule(pair.Key, pair.Value, options))],
        Alerts = AlertSettings.From(options.Alerts),
    };

    private static ImmutableArray<string> Paths(IList<string> paths) => [.. paths.Select(OptionsChecker.NormalizePath)];

    /// <summary>"/" covers every path, which is what no list means.</summary>
    private static ImmutableArray<string> Included(IList<string> paths) => Paths(paths) is var normal && normal.Contains("/") ? [] : normal;

    private static ImmutableArray<WildcardPattern> Patterns(IList<string> texts, bool ignoreCase) =>
        [.. texts.Select(text => new WildcardPattern(text, ignoreCase))];

    private static BudgetRule Rule(string name, BudgetOptions budget, BudgetGuardOptions options)
    {
        bool shadow = budget.Mode == BudgetMode.Shadow || !options.EnableThrottling;
        BudgetUnit unit = UnitOf(budget);
        BudgetAction action = budget.OnExceeded ?? DefaultAction(budget, unit);
        return new BudgetRule
        {
            Terms = new BudgetTerms
            {
                Name = name,
                Unit = unit,
                Window = WindowOf(budget),
                Per = [.. budget.Per.Select(DimensionOf).Select(static dimension => dimension.Tag ?? dimension.Kind.ToString())],
                OnExceeded = action,
                Enforced = !shadow && action != BudgetAction.Alert,
                CarryDebt = budget.CarryDebt,
                AlertAt = [.. budget.AlertAt.Order()],
                ForecastAt = budget.ForecastAt,
                SpikeFactor = budget.SpikeFactor,
                MaxTrackedPartitions = options.MaxTrackedPartitions,
            },
            Limit = unit == BudgetUnit.Usd
                ? Money.FromUsd(budget.Limit.GetValueOrDefault()).Nanos
                : (budget.Tokens ?? budget.Requests ?? budget.Concurrency).GetValueOrDefault(),
            Per = [.. budget.Per.Select(DimensionOf)],
            Users = Patterns(budget.Match.Users, ignoreCase: false),
            Teams = Patterns(budget.Match.Teams, ignoreCase: false),
            Models = Patterns(budget.Match.Models, ignoreCase: true),
            Operations = Patterns(budget.Match.Operations, ignoreCase: false),
            Overrides = [.. budget.Overrides.Select(one => OverrideOf(one, unit))],
            IsShadow = shadow,
            IsExplicit = budget.Explicit,
            OnStoreFailure = budget.OnStoreFailure ?? (options.FailOpen ? StoreFailureAction.Allow : StoreFailureAction.Reject),
        };
    }

    private static BudgetUnit UnitOf(BudgetOptions budget) => budget switch
    {
        { Limit: not null } => BudgetUnit.Usd,
        { Tokens: not null } => BudgetUnit.Tokens,
        { Requests: not null } => BudgetUnit.Requests,
        _ => BudgetUnit.Concurrency,
    };

    /// <summary>A short window comes back soon, so its answer is "later"; a long one's is "no".</summary>
    private static BudgetAction DefaultAction(BudgetOptions budget, BudgetUnit unit)
    {
        bool shortWindow = budget.Period is BudgetPeriod.Minute or BudgetPeriod.Hour || budget.Rolling <= TimeSpan.FromHours(1);
        return shortWindow || unit is BudgetUnit.Requests or BudgetUnit.Concurrency ? BudgetAction.Throttle : BudgetAction.Reject;
    }

    private static WindowSpec WindowOf(BudgetOptions budget)
    {
        if (budget.Rolling is { } rolling)
        {
            return new WindowSpec(BudgetPeriod.Total, TimeZoneInfo.Utc, rolling);
        }

        TimeZoneInfo zone = budget.TimeZone is null ? TimeZoneInfo.Utc : TimeZoneInfo.FindSystemTimeZoneById(budget.TimeZone);
        return budget.Period is null or BudgetPeriod.Total ? WindowSpec.Total : new WindowSpec(budget.Period.Value, zone);
    }

    private static Dimension DimensionOf(string name) =>
        ValueParsers.Name(name, out DimensionKind kind) is null && kind != DimensionKind.Tag
            ? new Dimension(kind)
            : new Dimension(DimensionKind.Tag, name);

    private static LimitOverride OverrideOf(BudgetOverride one, BudgetUnit unit) => new(
        one.User,
        one.Team,
        one.ApiKey,
        one.Model,
        one.Operation,
        unit == BudgetUnit.Usd ? Money.FromUsd(one.Limit.GetValueOrDefault()).Nanos : (long)one.Limit.GetValueOrDefault());
}
