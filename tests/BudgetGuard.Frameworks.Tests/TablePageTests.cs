using BudgetGuard.Frameworks.Tests.Rig;
using BudgetGuard.Frameworks.Tests.Table;

namespace BudgetGuard.Frameworks.Tests;

/// <summary>The table in the documentation has the cases that are run, and the frameworks they are run on.</summary>
public sealed class TablePageTests
{
    private const string Killed = "What a killed app had begun is charged when its hold expires";

    [Fact]
    public async Task Table_of_the_page_is_what_is_run()
    {
        string page = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs/frameworks/README.md"));
        string[] rows = [.. page.Split('\n').SkipWhile(static line => !line.StartsWith("| case |", StringComparison.Ordinal)).TakeWhile(static line => line.StartsWith('|'))];
        int frameworks = Catalog.All.Count();
        string marks = string.Concat(Enumerable.Repeat(" ✓ |", frameworks));
        string[] expected =
        [
            $"| case | {string.Join(" | ", Catalog.All)} |",
            "|---|" + string.Concat(Enumerable.Repeat("---|", frameworks)),
            .. Cases.All.Keys.Select(what => $"| {what} |{marks}"),
            $"| {Killed} | – |{string.Concat(Enumerable.Repeat(" ✓ |", frameworks - 1))}",
        ];
        Assert.Equal(expected, rows);
    }
}
