using Microsoft.Extensions.Logging;

namespace BudgetGuard;

/// <summary>
/// The settings of the guard: section <c>BudgetGuard</c> of the configuration, then <c>LEADFACTORY_*</c> variables, then the delegate given to
/// <c>AddBudgetGuard</c>; later wins. Checked at start, all errors at once; a bad reload keeps the last good settings.
/// </summary>
/// <remarks>
/// In the section an unknown key is an error; keys that start with <c>_</c> or <c>$</c> are comments. A list that is set replaces its default; a list of texts
/// may also be one comma-separated value, and an empty value clears it. Numbers are plain digits with an optional <c>.</c>, durations are
/// <c>hh:mm:ss</c>, <c>d.hh:mm:ss</c> or a number with its unit (<c>250ms</c>, <c>30s</c>, <c>10m</c>, <c>24h</c>, <c>1d</c>), enumerations are names.
/// </remarks>
public sealed class BudgetGuardOptions
{
    /// <summary>The name of the configuration section: <c>BudgetGuard</c>.</summary>
    public const string SectionName = "BudgetGuard";

    /// <summary>
    /// The prefix of the environment variables that are read over the section. It counts only where the section sets it, because a delegate runs after
    /// the variables are read; empty: no variables are read. Default <c>LEADFACTORY_</c>.
    /// </summary>
    public string EnvironmentPrefix { get; set; } = "LEADFACTORY_";

    /// <summary>False turns the guard off: nothing is decided, held or metered. Default true.</summary>
    public bool EnableBudgetMonitoring { get; set; } = true;

    /// <summary>False: responses are not metered, holds settle at their estimate. Default true.</summary>
    public bool EnableCostTracking { get; set; } = true;

    /// <summary>False makes every budget a shadow budget: decided and reported, never denied. Default true.</summary>
    public bool EnableThrottling { get; set; } = true;

    /// <summary>False: no alerts. Default true.</summary>
    public bool EnableAlerting { get; set; } = true;

    /// <summary>Paths that are not guarded, by whole segments, ignoring case. Default <c>/health</c>, <c>/metrics</c>, <c>/status</c>.</summary>
    public IList<string> ExcludePaths { get; set; } = ["/health", "/metrics", "/status"];

    /// <summary>If not empty, only these paths are guarded, by whole segments, ignoring case. Default empty: all.</summary>
    public IList<string> IncludeOnlyPaths { get; set; } = [];

    /// <summary>Methods that are not guarded, ignoring case. Default <c>OPTIONS</c>, <c>HEAD</c>.</summary>
    public IList<string> ExcludeMethods { get; set; } = ["OPTIONS", "HEAD"];

    /// <summary>True sends alerts in the background; false sends them before answering. Default true.</summary>
    public bool AsyncProcessing { get; set; } = true;

    /// <summary>True remembers denials and which budgets apply to whom. An allow always takes its hold. Default true.</summary>
    public bool CacheDecisions { get; set; } = true;

    /// <summary>How long a remembered denial or match lives at most, in seconds (1 to 86,400). Default 60.</summary>
    public int CacheTtlSeconds { get; set; } = 60;

    /// <summary>What happens when the policy or the store fails: true lets the request pass uncounted, false answers 503. Default true.</summary>
    public bool FailOpen { get; set; } = true;

    /// <summary>True logs failures of the guard and of extension points. Default true.</summary>
    public bool LogErrors { get; set; } = true;

    /// <summary>The level of the log category <c>BudgetGuard</c> (<c>LEADFACTORY_LOG_LEVEL</c>); null leaves it to the host's logging configuration.</summary>
    public LogLevel? LogLevel { get; set; }

    /// <summary>True logs one line for each guarded request, without amounts of others, prompts or keys. Default false.</summary>
    public bool EnableRequestLogging { get; set; }

    /// <summary>The header that names the user while <see cref="TrustUserHeader"/> holds. Default <c>X-User-ID</c>.</summary>
    public string UserHeader { get; set; } = "X-User-ID";

    /// <summary>
    /// True believes <see cref="UserHeader"/>. Default (null): true only while neither authentication nor a user extractor is registered, with a warning at start.
    /// </summary>
    public bool? TrustUserHeader { get; set; }

    /// <summary>What a request costs in US dollars when nothing else says. Default 0.01.</summary>
    public decimal DefaultCost { get; set; } = 0.01m;

    /// <summary>A price file over the built-in one, in the same format; reloaded when it changes. Default none.</summary>
    public string? PriceFile { get; set; }

    /// <summary>What happens to a request for a model without a price. Default <see cref="BudgetGuard.UnpricedModels.UseDefaultCost"/>.</summary>
    public UnpricedModels UnpricedModels { get; set; } = UnpricedModels.UseDefaultCost;

    /// <summary>Models that cost nothing, explicitly; <c>*</c> stands for any characters. Default none.</summary>
    public IList<string> FreeModels { get; set; } = [];

    /// <summary>How many partitions of one budget are told apart; past it new ones share one overflow account. Default 100,000.</summary>
    public int MaxTrackedPartitions { get; set; } = 100_000;

    /// <summary>The output bound of a request that sets none, capped by the model's own maximum. Default 4096 tokens.</summary>
    public int DefaultMaxOutputTokens { get; set; } = 4096;

    /// <summary>
    /// How many tokens of output a stream holds at a time, beside its prompt: more is held ahead of need while the answer passes, so that a large
    /// <c>max_tokens</c> does not pin money that is never spent. Default 1024 tokens (1 to 10,000,000).
    /// </summary>
    public int StreamHoldTokens { get; set; } = 1024;

    /// <summary>
    /// What happens to a stream when its budgets have no money left for more of it. Default (null): <see cref="StreamExhaustion.Cut"/> where a budget that
    /// rejects refused, else <see cref="StreamExhaustion.Finish"/>.
    /// </summary>
    public StreamExhaustion? OnStreamExhausted { get; set; }

    /// <summary>
    /// True asks the provider for the usage of a stream where the caller did not (<c>stream_options.include_usage</c> of OpenAI's chat and completions),
    /// and takes the extra chunk out of the answer again. For apps that pass the request's body on, as a proxy does. Such a request's
    /// <c>Accept-Encoding</c> is taken away, because a chunk cannot be taken out of a compressed answer. Default false.
    /// </summary>
    public bool RequestStreamUsage { get; set; }

    /// <summary>The largest body of a known model API that is read; a larger one is 413. Default 32 MiB.</summary>
    public long MaxInspectedBodyBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>How long a hold lasts that nobody resolves. Default 10 minutes.</summary>
    public TimeSpan HoldTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>What becomes of a hold that nobody resolved in time. Default <see cref="BudgetGuard.ExpiredHolds.Charge"/>.</summary>
    public ExpiredHolds ExpiredHolds { get; set; } = ExpiredHolds.Charge;

    /// <summary>How long a call to the store, an extractor or an estimator may take. Default 250 ms.</summary>
    public TimeSpan StoreTimeout { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>True adds amounts to denials and response headers. Default false.</summary>
    public bool ExposeAmounts { get; set; }

    /// <summary>The shape of denials. Default <see cref="BudgetGuard.ResponseFormat.BudgetGuard"/>.</summary>
    public ResponseFormat ResponseFormat { get; set; } = ResponseFormat.BudgetGuard;

    /// <summary>True adds <c>X-BudgetGuard-*</c> headers to answers. Default true.</summary>
    public bool ResponseHeaders { get; set; } = true;

    /// <summary>The budgets by name; names are letters, digits and <c>_</c>.</summary>
    public IDictionary<string, BudgetOptions> Budgets { get; set; } = new Dictionary<string, BudgetOptions>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whom alerts are sent to, and how.</summary>
    public AlertOptions Alerts { get; set; } = new();
}
