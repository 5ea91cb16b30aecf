using System.Globalization;

namespace BudgetGuard.Configuration;

/// <summary>What an amount of a budget may be: the same for what is configured and for what administrators ask for.</summary>
internal static class LimitRules
{
    /// <summary>What 64 bits of nano-dollars hold, with room for sums.</summary>
    public const decimal MostUsd = 9_000_000_000m;

    /// <summary>Far beyond any budget, and far enough from 64 bits that sums cannot overflow.</summary>
    public const long MostCounted = 1_000_000_000_000_000;

    /// <summary>What is wrong with an amount; null if nothing is.</summary>
    public static string? ProblemOf(decimal amount, bool isUsd) =>
        amount < 0 ? $"'{Text(amount)}' is negative; expected 0 (nothing may be spent) or more"
        : amount > (isUsd ? MostUsd : MostCounted) ? $"'{Text(amount)}' is too large; expected at most {Text(isUsd ? MostUsd : MostCounted)}"
        : isUsd && decimal.Round(amount, 9) != amount ? $"'{Text(amount)}' has more than 9 decimal places; expected at most 9"
        : !isUsd && decimal.Truncate(amount) != amount ? $"'{Text(amount)}' is not whole; expected a whole number for a budget that does not count US dollars"
        : null;

    private static string Text(decimal value) => value.ToString(CultureInfo.InvariantCulture);
}
