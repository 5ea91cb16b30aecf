using System.Text.Json;
using BudgetGuard.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace BudgetGuard.Tests.Configuration;

/// <summary>Each key of the table reaches its own property and no other one.</summary>
public sealed class EveryKeyTests
{
    private static readonly Dictionary<string, string> _samples = new()
    {
        ["EnvironmentPrefix"] = "ACME_",
        ["LogLevel"] = "Debug",
        ["UserHeader"] = "X-Me",
        ["TrustUserHeader"] = "true",
        ["DefaultCost"] = "0.5",
        ["PriceFile"] = typeof(EveryKeyTests).Assembly.Location,
        ["UnpricedModels"] = "Reject",
        ["ExpiredHolds"] = "Release",
        ["ResponseFormat"] = "OpenAI",
        ["CacheTtlSeconds"] = "7",
        ["MaxTrackedPartitions"] = "7",
        ["DefaultMaxOutputTokens"] = "7",
        ["StreamHoldTokens"] = "7",
        ["OnStreamExhausted"] = "Finish",
        ["RequestStreamUsage"] = "true",
        ["MaxInspectedBodyBytes"] = "7777",
        ["HoldTimeout"] = "7s",
        ["StoreTimeout"] = "7s",
        ["ExcludePaths"] = "/x",
        ["IncludeOnlyPaths"] = "/x",
        ["ExcludeMethods"] = "TRACE",
        ["FreeModels"] = "llama*",
        ["Limit"] = "7",
        ["Tokens"] = "7",
        ["Requests"] = "7",
        ["Concurrency"] = "7",
        ["Period"] = "Week",
        ["Rolling"] = "7s",
        ["TimeZone"] = "UTC",
        ["Per"] = "User",
        ["OnExceeded"] = "Alert",
        ["Mode"] = "Shadow",
        ["OnStoreFailure"] = "Reject",
        ["AlertAt"] = "0.25",
        ["ForecastAt"] = "0.9",
        ["SpikeFactor"] = "7",
        ["CarryDebt"] = "true",
        ["Explicit"] = "true",
        ["EnableRequestLogging"] = "true",
        ["ExposeAmounts"] = "true",
        ["DrainTimeout"] = "7s",
        ["DailySummaryAt"] = "08:00",
        ["MinSeverity"] = "Critical",
        ["SendRecovered"] = "true",
        ["MaxPerMinute"] = "7",
        ["DigestEvery"] = "7m",
        ["Timeout"] = "7s",
        ["Retries"] = "7",
        ["CloudEvents"] = "true",
        ["AllowPrivateNetworks"] = "true",
        ["Port"] = "7",
    };

    [Fact]
    public void GuardKeys() => CheckEach(KnownKeys.Guard);

    [Fact]
    public void BudgetKeys() => CheckEach(KnownKeys.Budget);

    [Fact]
    public void MatchKeys() => CheckEach(KnownKeys.Match);

    [Fact]
    public void AlertKeys() => CheckEach(KnownKeys.Alerts);

    [Fact]
    public void AlertSinkKeys() => CheckEach(KnownKeys.AlertSink);

    [Fact]
    public void OverrideKeys() => CheckEach(KnownKeys.Override);

    private static void CheckEach<T>(IReadOnlyList<KnownKey<T>> keys)
        where T : new()
    {
        foreach (KnownKey<T> key in keys)
        {
            string fallback = typeof(T) == typeof(BudgetGuardOptions) ? "false" : "a";
            (string Key, string? Value) pair = key.Name switch
            {
                "Budgets" when typeof(T) == typeof(BudgetGuardOptions) => ("S:Budgets:b:Limit", "7"),
                "Match" => ("S:Match:Users", "a"),
                "Sinks" => ("S:Sinks:ops:Type", "Slack"),
                "Alerts" => ("S:Alerts:DrainTimeout", "7s"),
                "Overrides" => ("S:Overrides:0:User", "a"),
                _ => ("S:" + key.Name, _samples.GetValueOrDefault(key.Name, fallback)),
            };
            IConfigurationRoot root = Settings.Keys(pair);
            ProblemList problems = new("S");
            T target = new();
            new SectionReader(root.GetSection("S"), root, problems, new HashSet<string>()).ReadObject("S", target, keys);
            Assert.Empty(problems.Lines);
            string[] changed = [.. typeof(T).GetProperties()
                .Where(p => JsonSerializer.Serialize(p.GetValue(target)) != JsonSerializer.Serialize(p.GetValue(new T())))
                .Select(p => p.Name)];
            Assert.Equal<string>([key.Name], changed);
        }
    }

    [Fact]
    public void HostConfiguration_TellsOfAChangeOnce()
    {
        using ConfigurationManager manager = new();
        manager["BudgetGuard:CacheTtlSeconds"] = "5";
        using SettingsSource source = new(manager, manager.GetSection("BudgetGuard"), [], () => NullLogger<SettingsSource>.Instance);
        int reloads = 0;
        source.Reloaded += _ => reloads++;
        manager["BudgetGuard:CacheTtlSeconds"] = "6";
        ((IConfigurationRoot)manager).Reload();
        Assert.Equal(1, reloads);
        Assert.Equal(6, source.Current.CacheTtl.TotalSeconds);
    }
}
