using Microsoft.Extensions.Logging;

namespace BudgetGuard.Configuration;

/// <summary>One key of the configuration and how its value reaches the options.</summary>
internal sealed record KnownKey<T>(string Name, Action<SectionReader, string, T> Read);

/// <summary>
/// Every key there is. A table and not reflection, so that trimming keeps it whole; a test holds it against the properties of the options and the JSON schema.
/// </summary>
internal static partial class KnownKeys
{
    public static IReadOnlyList<KnownKey<BudgetOverride>> Override { get; } =
    [
        One<BudgetOverride, string>("User", ValueParsers.Text, (o, v) => o.User = v),
        One<BudgetOverride, string>("Team", ValueParsers.Text, (o, v) => o.Team = v),
        One<BudgetOverride, string>("ApiKey", ValueParsers.Text, (o, v) => o.ApiKey = v),
        One<BudgetOverride, string>("Model", ValueParsers.Text, (o, v) => o.Model = v),
        One<BudgetOverride, string>("Operation", ValueParsers.Text, (o, v) => o.Operation = v),
        One<BudgetOverride, decimal>("Limit", ValueParsers.Decimal, (o, v) => o.Limit = v),
    ];

    public static IReadOnlyList<KnownKey<BudgetMatch>> Match { get; } =
    [
        Many<BudgetMatch, string>("Users", ValueParsers.Text, (o, v) => o.Users = v),
        Many<BudgetMatch, string>("Teams", ValueParsers.Text, (o, v) => o.Teams = v),
        Many<BudgetMatch, string>("Models", ValueParsers.Text, (o, v) => o.Models = v),
        Many<BudgetMatch, string>("Operations", ValueParsers.Text, (o, v) => o.Operations = v),
    ];

    public static IReadOnlyList<KnownKey<BudgetOptions>> Budget { get; } =
    [
        One<BudgetOptions, decimal>("Limit", ValueParsers.Decimal, (o, v) => o.Limit = v),
        One<BudgetOptions, long>("Tokens", ValueParsers.Long, (o, v) => o.Tokens = v),
        One<BudgetOptions, long>("Requests", ValueParsers.Long, (o, v) => o.Requests = v),
        One<BudgetOptions, long>("Concurrency", ValueParsers.Long, (o, v) => o.Concurrency = v),
        One<BudgetOptions, BudgetPeriod>("Period", ValueParsers.Name, (o, v) => o.Period = v),
        One<BudgetOptions, TimeSpan>("Rolling", DurationParser.Parse, (o, v) => o.Rolling = v),
        One<BudgetOptions, string>("TimeZone", ValueParsers.Text, (o, v) => o.TimeZone = v),
        Many<BudgetOptions, string>("Per", ValueParsers.Text, (o, v) => o.Per = v),
        new("Match", (reader, path, o) => reader.ReadObject(path, o.Match, Match)),
        new("Overrides", (reader, path, o) => reader.ReadObjects(path, Override, v => o.Overrides = v)),
        One<BudgetOptions, BudgetAction>("OnExceeded", ValueParsers.Name, (o, v) => o.OnExceeded = v),
        One<BudgetOptions, BudgetMode>("Mode", ValueParsers.Name, (o, v) => o.Mode = v),
        One<BudgetOptions, StoreFailureAction>("OnStoreFailure", ValueParsers.Name, (o, v) => o.OnStoreFailure = v),
        Many<BudgetOptions, decimal>("AlertAt", ValueParsers.Decimal, (o, v) => o.AlertAt = v),
        One<BudgetOptions, decimal>("ForecastAt", ValueParsers.Decimal, (o, v) => o.ForecastAt = v),
        One<BudgetOptions, decimal>("SpikeFactor", ValueParsers.Decimal, (o, v) => o.SpikeFactor = v),
        One<BudgetOptions, bool>("CarryDebt", ValueParsers.Bool, (o, v) => o.CarryDebt = v),
        One<BudgetOptions, bool>("Explicit", ValueParsers.Bool, (o, v) => o.Explicit = v),
    ];

    public static IReadOnlyList<KnownKey<BudgetGuardOptions>> Guard { get; } =
    [
        Guarded<string>("EnvironmentPrefix", ValueParsers.TextOrEmpty, (o, v) => o.EnvironmentPrefix = v),
        Guarded<bool>("EnableBudgetMonitoring", ValueParsers.Bool, (o, v) => o.EnableBudgetMonitoring = v),
        Guarded<bool>("EnableCostTracking", ValueParsers.Bool, (o, v) => o.EnableCostTracking = v),
        Guarded<bool>("EnableThrottling", ValueParsers.Bool, (o, v) => o.EnableThrottling = v),
        Guarded<bool>("EnableAlerting", ValueParsers.Bool, (o, v) => o.EnableAlerting = v),
        Many<BudgetGuardOptions, string>("ExcludePaths", ValueParsers.Text, (o, v) => o.ExcludePaths = v),
        Many<BudgetGuardOptions, string>("IncludeOnlyPaths", ValueParsers.Text, (o, v) => o.IncludeOnlyPaths = v),
        Many<BudgetGuardOptions, string>("ExcludeMethods", ValueParsers.Text, (o, v) => o.ExcludeMethods = v),
        Guarded<bool>("AsyncProcessing", ValueParsers.Bool, (o, v) => o.AsyncProcessing = v),
        Guarded<bool>("CacheDecisions", ValueParsers.Bool, (o, v) => o.CacheDecisions = v),
        Guarded<int>("CacheTtlSeconds", ValueParsers.Int, (o, v) => o.CacheTtlSeconds = v),
        Guarded<bool>("FailOpen", ValueParsers.Bool, (o, v) => o.FailOpen = v),
        Guarded<bool>("LogErrors", ValueParsers.Bool, (o, v) => o.LogErrors = v),
        Guarded<LogLevel>("LogLevel", ValueParsers.Name, (o, v) => o.LogLevel = v),
        Guarded<bool>("EnableRequestLogging", ValueParsers.Bool, (o, v) => o.EnableRequestLogging = v),
        Guarded<string>("UserHeader", ValueParsers.Text, (o, v) => o.UserHeader = v),
        Guarded<bool>("TrustUserHeader", ValueParsers.Bool, (o, v) => o.TrustUserHeader = v),
        Guarded<decimal>("DefaultCost", ValueParsers.Decimal, (o, v) => o.DefaultCost = v),
        Guarded<string>("PriceFile", ValueParsers.Text, (o, v) => o.PriceFile = v),
        Guarded<UnpricedModels>("UnpricedModels", ValueParsers.Name, (o, v) => o.UnpricedModels = v),
        Many<BudgetGuardOptions, string>("FreeModels", ValueParsers.Text, (o, v) => o.FreeModels = v),
        Guarded<int>("MaxTrackedPartitions", ValueParsers.Int, (o, v) => o.MaxTrackedPartitions = v),
        Guarded<int>("DefaultMaxOutputTokens", ValueParsers.Int, (o, v) => o.DefaultMaxOutputTokens = v),
        Guarded<int>("StreamHoldTokens", ValueParsers.Int, (o, v) => o.StreamHoldTokens = v),
        Guarded<StreamExhaustion>("OnStreamExhausted", ValueParsers.Name, (o, v) => o.OnStreamExhausted = v),
        Guarded<bool>("RequestStreamUsage", ValueParsers.Bool, (o, v) => o.RequestStreamUsage = v),
        Guarded<long>("MaxInspectedBodyBytes", ValueParsers.Long, (o, v) => o.MaxInspectedBodyBytes = v),
        Guarded<TimeSpan>("HoldTimeout", DurationParser.Parse, (o, v) => o.HoldTimeout = v),
        Guarded<ExpiredHolds>("ExpiredHolds", ValueParsers.Name, (o, v) => o.ExpiredHolds = v),
        Guarded<TimeSpan>("StoreTimeout", DurationParser.Parse, (o, v) => o.StoreTimeout = v),
        Guarded<bool>("ExposeAmounts", ValueParsers.Bool, (o, v) => o.ExposeAmounts = v),
        Guarded<ResponseFormat>("ResponseFormat", ValueParsers.Name, (o, v) => o.ResponseFormat = v),
        Guarded<bool>("ResponseHeaders", ValueParsers.Bool, (o, v) => o.ResponseHeaders = v),
        new("Budgets", (reader, path, o) => reader.ReadMap(path, o.Budgets, Budget)),
        new("Alerts", (reader, path, o) => reader.ReadObject(path, o.Alerts, Alerts)),
    ];

    private static KnownKey<BudgetGuardOptions> Guarded<TValue>(string name, ValueParser<TValue> parse, Action<BudgetGuardOptions, TValue> set) =>
        One(name, parse, set);

    /// <summary>The parts of the section that stores read.</summary>
    public static IReadOnlyList<string> Stores { get; } = ["Sqlite", "Redis"];

    public static KnownKey<T> One<T, TValue>(string name, ValueParser<TValue> parse, Action<T, TValue> set) =>
        new(name, (reader, path, target) => reader.ReadValue(path, parse, value => set(target, value)));

    private static KnownKey<T> Many<T, TValue>(string name, ValueParser<TValue> parse, Action<T, IList<TValue>> set) =>
        new(name, (reader, path, target) => reader.ReadList(path, parse, values => set(target, values)));
}
