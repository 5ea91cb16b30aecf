using Microsoft.Extensions.Options;

namespace BudgetGuard.Configuration;

/// <summary>The framework's exception with a message a person can read: one line for each problem, where the framework joins all into one.</summary>
internal sealed class BudgetGuardConfigurationException(IReadOnlyList<string> lines)
    : OptionsValidationException(BudgetGuardOptions.SectionName, typeof(BudgetGuardOptions), lines)
{
    public override string Message { get; } =
        $"The configuration of BudgetGuard has {lines.Count} {(lines.Count == 1 ? "problem" : "problems")}"
        + $" (an environment variable writes ':' as '__'):\n{ProblemList.Describe(lines)}";
}
