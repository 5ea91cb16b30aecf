namespace BudgetGuard.Accounting;

/// <summary>How much is used of a budget; of one that is split, of its fullest account.</summary>
/// <param name="Budget">The budget's name.</param>
/// <param name="Used">Settled, held and owed, in the budget's unit.</param>
/// <param name="Limit">The limit, above zero.</param>
internal readonly record struct BudgetUtilization(string Budget, long Used, long Limit)
{
    /// <summary>Compares the shares exactly.</summary>
    public bool IsFullerThan(in BudgetUtilization other) => (Int128)Used * other.Limit > (Int128)other.Used * Limit;
}
