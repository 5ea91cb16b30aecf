using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using BudgetGuard.Configuration;

namespace BudgetGuard.Tests.Docs;

/// <summary>The README's tables of settings have every setting there is, with its default.</summary>
public sealed partial class ReadmeTableTests
{
    [Fact]
    public void Table_of_the_guard_has_every_option_with_its_default()
    {
        ImmutableArray<(string Name, string Default)> rows = Rows("EnableBudgetMonitoring");
        Assert.Equal(KnownKeys.Guard.Select(key => key.Name).Order(StringComparer.Ordinal), rows.Select(row => row.Name).Order(StringComparer.Ordinal));
        BudgetGuardOptions defaults = new();
        foreach ((string name, string shown) in rows.Where(row => row.Default.StartsWith('`')))
        {
            Assert.Equal($"{name}: {Text(typeof(BudgetGuardOptions).GetProperty(name)!.GetValue(defaults))}", $"{name}: {shown.Replace("`", string.Empty, StringComparison.Ordinal)}");
        }
    }

    [Fact]
    public void Table_of_a_budget_has_every_option() => Assert.Equal(
        KnownKeys.Budget.Select(key => key.Name).Order(StringComparer.Ordinal), Rows("Limit").Select(row => row.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void Table_of_variables_has_every_variable() => Assert.Equal(
        LeadFactoryVariables.Names.Order(StringComparer.Ordinal),
        Rows("LEADFACTORY_FRAMEWORK").Select(row => row.Name["LEADFACTORY_".Length..]).Order(StringComparer.Ordinal));

    /// <summary>The rows of the table whose first row has that name.</summary>
    private static ImmutableArray<(string Name, string Default)> Rows(string first) =>
    [
        .. File.ReadLines(Path.Combine(SharedData.RepositoryRoot, "README.md"))
            .SkipWhile(line => !line.StartsWith($"| `{first}` |", StringComparison.Ordinal))
            .TakeWhile(line => line.StartsWith('|'))
            .Select(line => Row().Match(line)).Select(match => (match.Groups["name"].Value, match.Groups["default"].Value.Trim())),
    ];

    private static string Text(object? value) => value switch
    {
        bool truth => truth ? "true" : "false",
        TimeSpan { TotalMinutes: >= 1 } time => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes}m"),
        TimeSpan time => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds}ms"),
        IEnumerable<string> texts => string.Join(", ", texts),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    [GeneratedRegex(@"^\| `(?<name>\w+)` \|(?<default>[^|]*)\|")]
    private static partial Regex Row();
}
