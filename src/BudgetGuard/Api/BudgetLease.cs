namespace BudgetGuard;

/// <summary>An open request of <see cref="IBudgetGuard"/>.</summary>
public sealed class BudgetLease
{
}
