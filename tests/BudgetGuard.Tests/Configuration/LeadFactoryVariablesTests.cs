using BudgetGuard.Configuration;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Tests.Configuration;

public sealed class LeadFactoryVariablesTests
{
    public static TheoryData<string> Names => [.. LeadFactoryVariables.Names];

    [Theory]
    [InlineData("ENABLE_BUDGET_MONITORING", "false", nameof(BudgetGuardOptions.EnableBudgetMonitoring), false)]
    [InlineData("ENABLE_COST_TRACKING", "False", nameof(BudgetGuardOptions.EnableCostTracking), false)]
    [InlineData("ENABLE_THROTTLING", "false", nameof(BudgetGuardOptions.EnableThrottling), false)]
    [InlineData("ENABLE_ALERTING", "false", nameof(BudgetGuardOptions.EnableAlerting), false)]
    [InlineData("EXCLUDE_PATHS", "/health, /admin", nameof(BudgetGuardOptions.ExcludePaths), new[] { "/health", "/admin" })]
    [InlineData("EXCLUDE_PATHS", "", nameof(BudgetGuardOptions.ExcludePaths), new string[0])]
    [InlineData("INCLUDE_ONLY_PATHS", "/api,/v1", nameof(BudgetGuardOptions.IncludeOnlyPaths), new[] { "/api", "/v1" })]
    [InlineData("EXCLUDE_METHODS", "TRACE", nameof(BudgetGuardOptions.ExcludeMethods), new[] { "TRACE" })]
    [InlineData("ASYNC_PROCESSING", "false", nameof(BudgetGuardOptions.AsyncProcessing), false)]
    [InlineData("CACHE_DECISIONS", "false", nameof(BudgetGuardOptions.CacheDecisions), false)]
    [InlineData("CACHE_TTL_SECONDS", "120", nameof(BudgetGuardOptions.CacheTtlSeconds), 120)]
    [InlineData("FAIL_OPEN", "false", nameof(BudgetGuardOptions.FailOpen), false)]
    [InlineData("LOG_ERRORS", "false", nameof(BudgetGuardOptions.LogErrors), false)]
    [InlineData("LOG_LEVEL", "DEBUG", nameof(BudgetGuardOptions.LogLevel), LogLevel.Debug)]
    [InlineData("LOG_LEVEL", "INFO", nameof(BudgetGuardOptions.LogLevel), LogLevel.Information)]
    [InlineData("LOG_LEVEL", "WARNING", nameof(BudgetGuardOptions.LogLevel), LogLevel.Warning)]
    [InlineData("LOG_LEVEL", "error", nameof(BudgetGuardOptions.LogLevel), LogLevel.Error)]
    [InlineData("LOG_LEVEL", "CRITICAL", nameof(BudgetGuardOptions.LogLevel), LogLevel.Critical)]
    [InlineData("LOG_LEVEL", "Trace", nameof(BudgetGuardOptions.LogLevel), LogLevel.Trace)]
    [InlineData("LOG_LEVEL", "Information", nameof(BudgetGuardOptions.LogLevel), LogLevel.Information)]
    [InlineData("ENABLE_REQUEST_LOGGING", "true", nameof(BudgetGuardOptions.EnableRequestLogging), true)]
    public void Variable_SetsItsOption(string name, string value, string property, object expected)
    {
        object? actual = null;
        Settings.Read(
            Settings.Keys(("LEADFACTORY_" + name, value)),
            options => actual = typeof(BudgetGuardOptions).GetProperty(property)!.GetValue(options));
        Assert.Equal(expected, actual is IEnumerable<string> list ? list.ToArray() : actual);
        Assert.NotEqual(expected, typeof(BudgetGuardOptions).GetProperty(property)!.GetValue(new BudgetGuardOptions()));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryVariable_ThatIsBad_IsNamed(string name)
    {
        string value = name switch
        {
            "EXCLUDE_PATHS" or "INCLUDE_ONLY_PATHS" => "api",
            "EXCLUDE_METHODS" => "GET POST",
            _ => "?",
        };
        string problem = Settings.Problem(Settings.Keys(("LEADFACTORY_" + name, value)));
        Assert.Contains("LEADFACTORY_" + name, problem, StringComparison.Ordinal);
        Assert.Contains($"'{value}'", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_AreExactlyThoseOfTheMiddleware() => Assert.Equal(
        [
            "FRAMEWORK", "ENABLE_BUDGET_MONITORING", "ENABLE_COST_TRACKING", "ENABLE_THROTTLING", "ENABLE_ALERTING", "EXCLUDE_PATHS",
            "INCLUDE_ONLY_PATHS", "EXCLUDE_METHODS", "ASYNC_PROCESSING", "CACHE_DECISIONS", "CACHE_TTL_SECONDS", "FAIL_OPEN", "LOG_ERRORS",
            "LOG_LEVEL", "ENABLE_REQUEST_LOGGING",
        ],
        LeadFactoryVariables.Names);

    [Theory]
    [InlineData("fastapi")]
    [InlineData("Flask")]
    [InlineData("django")]
    [InlineData("express")]
    [InlineData("generic")]
    [InlineData("aspnetcore")]
    public void Framework_OfAKnownName_IsAccepted(string name) => Settings.Read(Settings.Keys(("LEADFACTORY_FRAMEWORK", name)));

    [Theory]
    [InlineData("LEADFACTORY_FAIL_OPN", "did you mean 'LEADFACTORY_FAIL_OPEN'?")]
    [InlineData("leadfactory_cache_ttl", "unknown variable")]
    [InlineData("LEADFACTORY_COLOUR", "unknown variable; expected LEADFACTORY_ followed by one of FRAMEWORK, ENABLE_BUDGET_MONITORING,")]
    public void T229_UnknownVariable_IsNamed(string name, string part)
    {
        string problem = Settings.Problem(Settings.Keys((name, "x")));
        Assert.StartsWith(name + ": ", problem, StringComparison.Ordinal);
        Assert.Contains(part, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("LEADFACTORY_FAIL_OPEN", "")]
    [InlineData("LEADFACTORY_FAIL_OPEN", "true ")]
    [InlineData("LEADFACTORY_CACHE_TTL_SECONDS", "")]
    [InlineData("LEADFACTORY_CACHE_TTL_SECONDS", "60s")]
    [InlineData("LEADFACTORY_LOG_LEVEL", "10")]
    [InlineData("LEADFACTORY_EXCLUDE_PATHS", "/a,,/b")]
    public void T229_BadVariable_IsNamed(string name, string value) =>
        Assert.StartsWith(name + ": ", Settings.Problem(Settings.Keys((name, value))), StringComparison.Ordinal);

    [Fact]
    public void Prefix_IsAnOption_OfTheSection()
    {
        Assert.False(Settings.Read(Settings.Keys(("BudgetGuard:EnvironmentPrefix", "ACME_"), ("ACME_FAIL_OPEN", "false"), ("LEADFACTORY_X", "1"))).FailOpen);
        Assert.True(Settings.Read(Settings.Keys(("BudgetGuard:EnvironmentPrefix", ""), ("LEADFACTORY_FAIL_OPEN", "false"))).FailOpen);
        Assert.StartsWith("BudgetGuard:EnvironmentPrefix: 'ACME_'", Settings.Problem(Settings.Keys(), o => o.EnvironmentPrefix = "ACME_"), StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_LaterWins()
    {
        Assert.Equal(60, Settings.Read(Settings.Keys()).CacheTtl.TotalSeconds);
        (string, string?) section = ("BudgetGuard:CacheTtlSeconds", "1");
        (string, string?) variable = ("LEADFACTORY_CACHE_TTL_SECONDS", "2");
        Assert.Equal(1, Settings.Read(Settings.Keys(section)).CacheTtl.TotalSeconds);
        Assert.Equal(2, Settings.Read(Settings.Keys(variable, section)).CacheTtl.TotalSeconds);
        Assert.Equal(4, Settings.Read(Settings.Keys(section, variable), o => o.CacheTtlSeconds = 3, o => o.CacheTtlSeconds++).CacheTtl.TotalSeconds);
    }
}
