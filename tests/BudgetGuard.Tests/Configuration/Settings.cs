using System.Text;
using BudgetGuard.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace BudgetGuard.Tests.Configuration;

/// <summary>Settings from JSON or single keys, and what is wrong with them.</summary>
internal static class Settings
{
    public const string OneBudget = """{"BudgetGuard":{"Budgets":{"org":{"Limit":5,"Period":"Day"}}}}""";

    public static IConfigurationRoot Json(params string[] layers)
    {
        ConfigurationBuilder builder = new();
        foreach (string layer in layers)
        {
            builder.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(layer)));
        }

        return builder.Build();
    }

    public static IConfigurationRoot Keys(params (string Key, string? Value)[] pairs) =>
        new ConfigurationBuilder().AddInMemoryCollection(pairs.Select(p => KeyValuePair.Create(p.Key, p.Value))).Build();

    /// <summary>A good budget and one more key under the section.</summary>
    public static IConfigurationRoot WithKey(string key, string? value)
    {
        IConfigurationRoot root = Keys(("BudgetGuard:Budgets:org:Limit", "5"), ("BudgetGuard:Budgets:org:Period", "Day"));
        root["BudgetGuard:" + key] = value;
        return root;
    }

    public static SettingsSource Source(IConfiguration root, params Action<BudgetGuardOptions>[] delegates) =>
        new(root, null, delegates, () => NullLogger<SettingsSource>.Instance);

    /// <summary>As an app has them that keeps its budgets in a store.</summary>
    public static SettingsSource WithStore(IConfiguration root, string store) =>
        new(root, null, [], () => NullLogger<SettingsSource>.Instance, new HashSet<string>(StringComparer.OrdinalIgnoreCase) { store });

    public static GuardSettings Read(IConfiguration root, params Action<BudgetGuardOptions>[] delegates)
    {
        using SettingsSource source = Source(root, delegates);
        return source.Current;
    }

    public static string[] Problems(IConfiguration root, params Action<BudgetGuardOptions>[] delegates)
    {
        OptionsValidationException exception = Assert.ThrowsAny<OptionsValidationException>(() => Read(root, delegates));
        string[] lines = [.. exception.Failures];
        Assert.All(lines, line => Assert.Contains(line, exception.Message, StringComparison.Ordinal));
        Assert.All(lines, line => Assert.DoesNotContain('\n', line));
        return lines;
    }

    public static string Problem(IConfiguration root, params Action<BudgetGuardOptions>[] delegates) => Assert.Single(Problems(root, delegates));
}
