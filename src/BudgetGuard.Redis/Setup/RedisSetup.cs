using BudgetGuard.Configuration;
using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>Where budgets are shared, once all who have a say in it had it.</summary>
internal sealed record RedisSetup(ConfigurationOptions Connection, string Tree, RedisChecks Checks, bool Leases)
{
    public const string Section = "Redis";

    private const int LongestTree = 64;

    public static IReadOnlyList<KnownKey<RedisStoreOptions>> Keys { get; } =
    [
        KnownKeys.One<RedisStoreOptions, string>("ConnectionString", ValueParsers.Text, (o, v) => o.ConnectionString = v),
        KnownKeys.One<RedisStoreOptions, string>("Tree", ValueParsers.Text, (o, v) => o.Tree = v),
        KnownKeys.One<RedisStoreOptions, bool>("Leases", ValueParsers.Bool, (o, v) => o.Leases = v),
        KnownKeys.One<RedisStoreOptions, RedisChecks>("Checks", ValueParsers.Name, (o, v) => o.Checks = v),
    ];

    /// <summary>The servers, without what is secret.</summary>
    public string Endpoints => string.Join(", ", Connection.EndPoints.Select(static point => point.ToString()));

    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">Something of it cannot be.</exception>
    public static RedisSetup Read(SettingsSource settings, IEnumerable<Action<RedisStoreOptions>> delegates)
    {
        var options = new RedisStoreOptions();
        ProblemList problems = settings.ReadStore(Section, options, Keys);
        foreach (Action<RedisStoreOptions> change in delegates)
        {
            change(options);
        }

        ConfigurationOptions? connection = ParseConnection(options.ConnectionString);
        if (connection is null)
        {
            // Not shown: it may have a password.
            problems.Add(problems.KeyOf("Redis:ConnectionString"), "names no server; expected one such as localhost:6379");
        }

        if (string.IsNullOrEmpty(options.Tree) || options.Tree.Length > LongestTree || !options.Tree.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            problems.AddValue(problems.KeyOf("Redis:Tree"), options.Tree, "is no such name; expected letters, digits, '-', '_' and '.', 64 at most");
        }

        if (!Enum.IsDefined(options.Checks))
        {
            problems.AddValue(problems.KeyOf("Redis:Checks"), options.Checks.ToString(), "is none; expected Warn, Error or Off");
        }

        problems.ThrowIfAny();
        return new RedisSetup(connection!, options.Tree, options.Checks, options.Leases);
    }

    /// <summary>What budgets ask for that scripts cannot count.</summary>
    public static IEnumerable<string> ProblemsOf(GuardSettings settings, string sectionPath) =>
        from budget in settings.Budgets
        where budget.Limit > RedisLimits.Most || budget.Overrides.Any(static one => one.Limit > RedisLimits.Most)
        select $"{sectionPath}:Budgets:{budget.Terms.Name}: has a limit that Redis cannot count; expected 9000000 dollars or {RedisLimits.Most} tokens at most";

    private static ConfigurationOptions? ParseConnection(string? text)
    {
        try
        {
            ConfigurationOptions options = ConfigurationOptions.Parse(text ?? "");
            if (options.EndPoints.Count == 0)
            {
                return null;
            }

            // Requests wait as long as StoreTimeout says, and for no connection: one that is away is known to be.
            options.AbortOnConnectFail = false;
            options.BacklogPolicy = BacklogPolicy.FailFast;
            options.IncludeDetailInExceptions = false;
            options.ClientName ??= "BudgetGuard";
            return options;
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException)
        {
            return null;
        }
    }
}
