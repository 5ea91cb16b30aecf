namespace BudgetGuard;

/// <summary>One budget: exactly one unit, exactly one window (none for concurrency), and whom it applies to.</summary>
public sealed class BudgetOptions
{
    /// <summary>The limit in US dollars, at most 9 decimal places.</summary>
    public decimal? Limit { get; set; }

    /// <summary>The limit in tokens.</summary>
    public long? Tokens { get; set; }

    /// <summary>The limit in requests.</summary>
    public long? Requests { get; set; }

    /// <summary>The limit of requests in flight at one time; has no window.</summary>
    public long? Concurrency { get; set; }

    /// <summary>The calendar window.</summary>
    public BudgetPeriod? Period { get; set; }

    /// <summary>The length of a rolling window.</summary>
    public TimeSpan? Rolling { get; set; }

    /// <summary>The time zone of a calendar window, as an IANA or Windows name. Default UTC.</summary>
    public string? TimeZone { get; set; }

    /// <summary>What splits the budget: <c>User</c>, <c>Team</c>, <c>ApiKey</c>, <c>Model</c>, <c>Operation</c> or the name of a tag. Empty: one shared account.</summary>
    public IList<string> Per { get; set; } = [];

    /// <summary>Which requests the budget applies to; all named lists must match.</summary>
    public BudgetMatch Match { get; set; } = new();

    /// <summary>Other limits for some; the first that matches counts.</summary>
    public IList<BudgetOverride> Overrides { get; set; } = [];

    /// <summary>What an exceeded limit means. Default <see cref="BudgetAction.Throttle"/> for windows up to an hour and for requests and concurrency, else <see cref="BudgetAction.Reject"/>.</summary>
    public BudgetAction? OnExceeded { get; set; }

    /// <summary>Whether the budget denies. Default <see cref="BudgetMode.Enforce"/>.</summary>
    public BudgetMode Mode { get; set; } = BudgetMode.Enforce;

    /// <summary>What happens when the store fails. Default from <see cref="BudgetGuardOptions.FailOpen"/>.</summary>
    public StoreFailureAction? OnStoreFailure { get; set; }

    /// <summary>The shares of the limit at which people are told. Default 0.5, 0.8, 1.0.</summary>
    public IList<decimal> AlertAt { get; set; } = [0.5m, 0.8m, 1.0m];

    /// <summary>
    /// The share of the limit whose use in the window people are told of when it is forecast; 0 for never. For calendar windows of an hour or longer. Default 1.0.
    /// </summary>
    public decimal ForecastAt { get; set; } = 1.0m;

    /// <summary>How many times as much as is usual a request or a minute has to use for people to be told; 0 for never. For money and tokens. Default 10.</summary>
    public decimal SpikeFactor { get; set; } = 10m;

    /// <summary>True: what a window ended above its limit opens the next one. Default false.</summary>
    public bool CarryDebt { get; set; }

    /// <summary>True: the budget applies only where an endpoint names it with <c>RequireBudget</c>. Default false.</summary>
    public bool Explicit { get; set; }
}

/// <summary>Which requests a budget applies to. <c>*</c> stands for any characters; an empty list matches all.</summary>
public sealed class BudgetMatch
{
    /// <summary>Users.</summary>
    public IList<string> Users { get; set; } = [];

    /// <summary>Teams.</summary>
    public IList<string> Teams { get; set; } = [];

    /// <summary>Models, by the catalogue's canonical name or as written, ignoring case.</summary>
    public IList<string> Models { get; set; } = [];

    /// <summary>Operations.</summary>
    public IList<string> Operations { get; set; } = [];
}

/// <summary>Another limit, in the budget's unit, for requests that match every value given.</summary>
public sealed class BudgetOverride
{
    /// <summary>The user it is for.</summary>
    public string? User { get; set; }

    /// <summary>The team it is for.</summary>
    public string? Team { get; set; }

    /// <summary>The API key id it is for.</summary>
    public string? ApiKey { get; set; }

    /// <summary>The model it is for.</summary>
    public string? Model { get; set; }

    /// <summary>The operation it is for.</summary>
    public string? Operation { get; set; }

    /// <summary>The limit in the budget's unit.</summary>
    public decimal? Limit { get; set; }
}
