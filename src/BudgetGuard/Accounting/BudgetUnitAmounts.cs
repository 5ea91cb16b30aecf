namespace BudgetGuard.Accounting;

/// <summary>Amounts of an account as people read them.</summary>
internal static class BudgetUnitAmounts
{
    /// <summary>US dollars for nano-dollars; every other unit as it is counted.</summary>
    public static decimal InUnit(this BudgetUnit unit, long amount) => unit == BudgetUnit.Usd ? Money.FromNanos(amount).Usd : amount;
}
