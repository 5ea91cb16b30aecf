using Microsoft.Extensions.Options;

namespace BudgetGuard.Pricing;

/// <summary>A price file that cannot be used, with one line for each problem.</summary>
internal class PriceFileException(string path, IReadOnlyList<string> problems)
    : OptionsValidationException(BudgetGuardOptions.SectionName, typeof(BudgetGuardOptions), problems)
{
    private const int MostShown = 50;

    public override string Message { get; } =
        $"{BudgetGuardOptions.SectionName}:PriceFile: the price file '{path}' has {problems.Count} {(problems.Count == 1 ? "problem" : "problems")}:\n"
        + string.Join('\n', problems.Take(MostShown).Select(static problem => "  " + problem))
        + (problems.Count > MostShown ? $"\n  and {problems.Count - MostShown} more" : "");
}

/// <summary>A price file that could not even be read.</summary>
internal sealed class PriceFileUnreadableException(string path, string problem) : PriceFileException(path, [problem]);
