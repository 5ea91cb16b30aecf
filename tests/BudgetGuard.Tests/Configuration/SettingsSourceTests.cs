using BudgetGuard.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;

namespace BudgetGuard.Tests.Configuration;

public sealed class SettingsSourceTests
{
    private readonly FakeLogger<SettingsSource> _logger = new();

    [Fact]
    public void T231_GoodReload_ReplacesTheSettings()
    {
        IConfigurationRoot root = Settings.WithKey("LogErrors", "true");
        using SettingsSource source = new(root, root.GetSection("BudgetGuard"), [], () => _logger);
        List<bool> reloads = [];
        source.Reloaded += reloads.Add;
        GuardSettings before = source.Current;
        Set(root, "BudgetGuard:Budgets:org:Limit", "7");
        Assert.Equal(5_000_000_000, before.Budgets[0].Limit);
        Assert.Equal(7_000_000_000, source.Current.Budgets[0].Limit);
        Assert.Equal(2, source.Version);
        Assert.Equal([true], reloads);
    }

    [Fact]
    public void T231_BadReload_KeepsTheLastGoodSettings_AndLogsEveryProblem()
    {
        IConfigurationRoot root = Settings.WithKey("LogErrors", "true");
        using SettingsSource source = new(root, null, [], () => _logger);
        List<bool> reloads = [];
        source.Reloaded += reloads.Add;
        GuardSettings before = source.Current;
        root["BudgetGuard:FailOpn"] = "true";
        Set(root, "BudgetGuard:Budgets:org:Limit", "-1");
        Assert.Same(before, source.Current);
        Assert.Equal(1, source.Version);
        FakeLogRecord record = Assert.Single(_logger.Collector.GetSnapshot());
        Assert.Equal((LogLevel.Error, 100, "ConfigurationReloadRefused"), (record.Level, record.Id.Id, record.Id.Name));
        Assert.Contains("BudgetGuard:FailOpn", record.Message, StringComparison.Ordinal);
        Assert.Contains("BudgetGuard:Budgets:org:Limit", record.Message, StringComparison.Ordinal);
        Assert.Equal([false], reloads);
    }

    [Fact]
    public void T231_DelegateThatThrows_AtReload_KeepsTheSettings()
    {
        IConfigurationRoot root = Settings.WithKey("LogErrors", "true");
        int calls = 0;
        using SettingsSource source = new(root, null, [_ => { if (++calls > 1) { throw new InvalidOperationException("x"); } }], () => _logger);
        GuardSettings before = source.Current;
        Set(root, "BudgetGuard:CacheTtlSeconds", "7");
        Assert.Same(before, source.Current);
        Assert.Equal(101, Assert.Single(_logger.Collector.GetSnapshot()).Id.Id);
    }

    [Fact]
    public void Delegate_StaysOverAReload()
    {
        IConfigurationRoot root = Settings.WithKey("LogErrors", "true");
        using SettingsSource source = new(root, null, [o => o.CacheTtlSeconds = 9], () => _logger);
        Set(root, "BudgetGuard:CacheTtlSeconds", "7");
        Assert.Equal(9, source.Current.CacheTtl.TotalSeconds);
        Assert.Equal(2, source.Version);
    }

    [Fact]
    public void T227_Validator_HoldsNowAndAtReload()
    {
        IConfigurationRoot root = Settings.WithKey("LogErrors", "true");
        using SettingsSource source = new(root, null, [], () => _logger);
        Assert.ThrowsAny<OptionsValidationException>(() => source.AddValidator(_ => ["RequireBudget: no budget 'x'"]));
        source.AddValidator(s => s.Budgets.Length == 1 ? [] : ["too many"]);
        root["BudgetGuard:Budgets:b:Limit"] = "1";
        Set(root, "BudgetGuard:Budgets:b:Period", "Day");
        Assert.Single(source.Current.Budgets);
    }

    [Fact]
    public async Task T231_Reload_UnderReaders_NeverShowsAMixture()
    {
        IConfigurationRoot root = Settings.Keys(("BudgetGuard:CacheTtlSeconds", "1"), ("BudgetGuard:DefaultMaxOutputTokens", "1"));
        using SettingsSource source = new(root, null, [], () => _logger);
        using CancellationTokenSource stop = new();
        Task<long>[] readers = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            long reads = 0;
            while (!stop.IsCancellationRequested)
            {
                GuardSettings settings = source.Current;
                Assert.Equal(settings.CacheTtl.TotalSeconds, settings.DefaultMaxOutputTokens);
                reads++;
            }

            return reads;
        }))];
        for (int i = 2; i < 300; i++)
        {
            string text = i % 7 == 0 ? "bad" : i.ToString(System.Globalization.CultureInfo.InvariantCulture);
            root["BudgetGuard:CacheTtlSeconds"] = text;
            Set(root, "BudgetGuard:DefaultMaxOutputTokens", text);
        }

        await stop.CancelAsync();
        await Task.WhenAll(readers).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(299, source.Current.DefaultMaxOutputTokens);
        Assert.Equal(1 + 298 - 42, source.Version);
    }

    [Fact]
    public void Dispose_EndsReloading()
    {
        IConfigurationRoot root = Settings.WithKey("LogErrors", "true");
        SettingsSource source = new(root, null, [], () => _logger);
        source.Dispose();
        Set(root, "BudgetGuard:CacheTtlSeconds", "7");
        Assert.Equal(1, source.Version);
    }

    [Fact]
    public void WithoutConfiguration_DelegateCounts()
    {
        using SettingsSource source = new(null, null, [o => o.FailOpen = false], () => _logger);
        Assert.False(source.Current.FailOpen);
    }

    [Fact]
    public void Inputs_AddUpInOrder_AndKnowOneSection()
    {
        IConfigurationRoot root = Settings.Keys(("X:CacheTtlSeconds", "5"));
        ServiceCollection services = new();
        services.AddLogging().AddSingleton<IConfiguration>(root);
        SettingsInputs.Of(services).Use(root.GetSection("X"));
        SettingsInputs.Of(services).Use(o => o.CacheTtlSeconds *= 3);
        SettingsInputs.Of(services).Use(root.GetSection("X")).Use(o => o.CacheTtlSeconds += 1);
        Assert.Throws<InvalidOperationException>(() => SettingsInputs.Of(services).Use(root.GetSection("Y")));
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal(16, provider.GetRequiredService<SettingsSource>().Current.CacheTtl.TotalSeconds);
        Assert.Single(provider.GetServices<SettingsSource>());
    }

    private static void Set(IConfigurationRoot root, string key, string value)
    {
        // Keys in memory outlive a reload, which only tells the watchers: what a changed file amounts to.
        root[key] = value;
        root.Reload();
    }
}
