using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Configuration;

/// <summary>
/// The environment variables of the LeadFactory middleware, read over the section. They are read from the host's configuration, into which its environment
/// variables go, and not from the process: a host that leaves them out has none, and a test needs no process of its own.
/// </summary>
internal static class LeadFactoryVariables
{
    private static readonly string[] _frameworks =
        ["aspnetcore", "auto", "django", "dotnet", "express", "expressjs", "fastapi", "flask", "generic", "nestjs", "starlette"];

    private static readonly Variable[] _variables =
    [
        One<string>("FRAMEWORK", null, Framework, (_, _) => { }),
        One<bool>("ENABLE_BUDGET_MONITORING", "EnableBudgetMonitoring", ValueParsers.Bool, (o, v) => o.EnableBudgetMonitoring = v),
        One<bool>("ENABLE_COST_TRACKING", "EnableCostTracking", ValueParsers.Bool, (o, v) => o.EnableCostTracking = v),
        One<bool>("ENABLE_THROTTLING", "EnableThrottling", ValueParsers.Bool, (o, v) => o.EnableThrottling = v),
        One<bool>("ENABLE_ALERTING", "EnableAlerting", ValueParsers.Bool, (o, v) => o.EnableAlerting = v),
        Many("EXCLUDE_PATHS", "ExcludePaths", (o, v) => o.ExcludePaths = v),
        Many("INCLUDE_ONLY_PATHS", "IncludeOnlyPaths", (o, v) => o.IncludeOnlyPaths = v),
        Many("EXCLUDE_METHODS", "ExcludeMethods", (o, v) => o.ExcludeMethods = v),
        One<bool>("ASYNC_PROCESSING", "AsyncProcessing", ValueParsers.Bool, (o, v) => o.AsyncProcessing = v),
        One<bool>("CACHE_DECISIONS", "CacheDecisions", ValueParsers.Bool, (o, v) => o.CacheDecisions = v),
        One<int>("CACHE_TTL_SECONDS", "CacheTtlSeconds", ValueParsers.Int, (o, v) => o.CacheTtlSeconds = v),
        One<bool>("FAIL_OPEN", "FailOpen", ValueParsers.Bool, (o, v) => o.FailOpen = v),
        One<bool>("LOG_ERRORS", "LogErrors", ValueParsers.Bool, (o, v) => o.LogErrors = v),
        One<LogLevel>("LOG_LEVEL", "LogLevel", ValueParsers.AnyLogLevel, (o, v) => o.LogLevel = v),
        One<bool>("ENABLE_REQUEST_LOGGING", "EnableRequestLogging", ValueParsers.Bool, (o, v) => o.EnableRequestLogging = v),
    ];

    /// <summary>The names without their prefix.</summary>
    public static IEnumerable<string> Names => _variables.Select(variable => variable.Name);

    /// <summary>Reads the variables that start with the options' prefix into the options.</summary>
    public static void ReadInto(BudgetGuardOptions options, IConfiguration root, ProblemList problems)
    {
        string prefix = options.EnvironmentPrefix;
        if (string.IsNullOrEmpty(prefix))
        {
            return;
        }

        foreach (IConfigurationSection child in root.GetChildren())
        {
            if (!child.Key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            string name = child.Key[prefix.Length..];
            Variable? known = Array.Find(_variables, variable => variable.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (known is null)
            {
                string? nearest = NearestName.Of(name, Names);
                problems.Add(
                    child.Key,
                    nearest is null
                        ? $"unknown variable; expected {prefix} followed by one of {string.Join(", ", Names)}"
                        : "unknown variable" + NearestName.Hint(prefix + nearest));
            }
            else if (child.GetChildren().Any())
            {
                problems.Add(child.Key, "has keys of its own; expected a single value");
            }
            else if (child.Value is not null)
            {
                known.Read(child.Key, child.Value, options, problems);
            }
        }
    }

    private static string? Framework(string text, out string value)
    {
        value = text;
        return _frameworks.Contains(text, StringComparer.OrdinalIgnoreCase)
            ? null
            : "is no known framework; expected one of " + string.Join(", ", _frameworks);
    }

    private static Variable One<T>(string name, string? option, ValueParser<T> parse, Action<BudgetGuardOptions, T> set) =>
        new(name, (key, text, options, problems) =>
        {
            if (parse(text, out T value) is { } wrong)
            {
                problems.AddValue(key, text, wrong);
                return;
            }

            set(options, value);
            Remember(option, key, problems);
        });

    private static Variable Many(string name, string option, Action<BudgetGuardOptions, IList<string>> set) =>
        new(name, (key, text, options, problems) =>
        {
            List<string> values = [];
            SectionReader.ReadCommaSeparated(key, text, ValueParsers.Text, values, problems);
            set(options, values);
            Remember(option, key, problems);
        });

    private static void Remember(string? option, string key, ProblemList problems)
    {
        if (option is not null)
        {
            problems.CameFrom(option, key);
        }
    }

    private sealed record Variable(string Name, Action<string, string, BudgetGuardOptions, ProblemList> Read);
}
