using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Configuration;

/// <summary>The checked settings as the request path reads them: immutable, replaced as a whole by a good reload.</summary>
internal sealed partial record GuardSettings
{
    public required bool EnableBudgetMonitoring { get; init; }

    public required bool EnableCostTracking { get; init; }

    public required bool EnableAlerting { get; init; }

    /// <summary>Normalized: leading slash, no trailing slash.</summary>
    public required ImmutableArray<string> ExcludePaths { get; init; }

    public required ImmutableArray<string> IncludeOnlyPaths { get; init; }

    public required ImmutableArray<string> ExcludeMethods { get; init; }

    public required bool AsyncProcessing { get; init; }

    public required bool CacheDecisions { get; init; }

    public required TimeSpan CacheTtl { get; init; }

    public required bool FailOpen { get; init; }

    public required bool LogErrors { get; init; }

    /// <summary>The level of the guard's own log category; null leaves it to the host.</summary>
    public LogLevel? LogLevel { get; init; }

    public required bool EnableRequestLogging { get; init; }

    public required string UserHeader { get; init; }

    public required bool? TrustUserHeader { get; init; }

    public required Money DefaultCost { get; init; }

    /// <summary>The price file over the built-in one, as configured; null if there is none.</summary>
    public string? PriceFile { get; init; }

    public required UnpricedModels UnpricedModels { get; init; }

    public required ImmutableArray<WildcardPattern> FreeModels { get; init; }

    public required int DefaultMaxOutputTokens { get; init; }

    public required int StreamHoldTokens { get; init; }

    /// <summary>Null: as the budget that refuses says.</summary>
    public required StreamExhaustion? OnStreamExhausted { get; init; }

    public required bool RequestStreamUsage { get; init; }

    public required long MaxInspectedBodyBytes { get; init; }

    public required TimeSpan HoldTimeout { get; init; }

    public required ExpiredHolds ExpiredHolds { get; init; }

    public required TimeSpan StoreTimeout { get; init; }

    public required bool ExposeAmounts { get; init; }

    public required ResponseFormat ResponseFormat { get; init; }

    public required bool ResponseHeaders { get; init; }

    /// <summary>All budgets, in the order of their names, so that answers do not depend on the order of configuration.</summary>
    public required ImmutableArray<BudgetRule> Budgets { get; init; }

    public required AlertSettings Alerts { get; init; }
}

/// <summary>One configured budget, ready to be matched against requests.</summary>
internal sealed record BudgetRule
{
    public required BudgetTerms Terms { get; init; }

    /// <summary>In the budget's unit; nano-dollars for US dollars.</summary>
    public required long Limit { get; init; }

    public required ImmutableArray<Dimension> Per { get; init; }

    public required ImmutableArray<WildcardPattern> Users { get; init; }

    public required ImmutableArray<WildcardPattern> Teams { get; init; }

    public required ImmutableArray<WildcardPattern> Models { get; init; }

    public required ImmutableArray<WildcardPattern> Operations { get; init; }

    public required ImmutableArray<LimitOverride> Overrides { get; init; }

    /// <summary>True if it decides and reports but never denies: its own mode, or the whole guard's.</summary>
    public required bool IsShadow { get; init; }

    public required bool IsExplicit { get; init; }

    public required StoreFailureAction OnStoreFailure { get; init; }
}

/// <summary>What a budget is split by.</summary>
internal enum DimensionKind
{
    User,
    Team,
    ApiKey,
    Model,
    Operation,
    Tag,
}

/// <summary>One dimension; <see cref="Tag"/> is the tag's name where <see cref="Kind"/> is <see cref="DimensionKind.Tag"/>.</summary>
internal readonly record struct Dimension(DimensionKind Kind, string? Tag = null);

/// <summary>Another limit for requests that match every value that is not null.</summary>
internal sealed record LimitOverride(string? User, string? Team, string? ApiKey, string? Model, string? Operation, long Limit);
