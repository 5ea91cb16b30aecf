namespace BudgetGuard;

/// <summary>What becomes of a hold that nobody resolved in time.</summary>
public enum ExpiredHolds
{
    /// <summary>It is charged at its estimate; a later settlement corrects it.</summary>
    Charge,

    /// <summary>It is given back; a later settlement is charged all the same.</summary>
    Release,
}
