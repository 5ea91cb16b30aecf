using System.Runtime.CompilerServices;

namespace BudgetGuard;

/// <summary>What a request takes from its accounts, in every unit a budget can have.</summary>
/// <param name="Cost">Money; taken from budgets with a <c>Limit</c> in US dollars.</param>
/// <param name="Tokens">Input plus output tokens, cached and reasoning tokens included; taken from <c>Tokens</c> budgets.</param>
/// <param name="Requests">Requests, usually 1; taken from <c>Requests</c> budgets.</param>
public readonly record struct Charge(Money Cost, long Tokens = 0, long Requests = 1)
{
    /// <summary>The part of the charge that counts against a budget of the given unit. Concurrency is only ever held, never settled.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal long In(BudgetUnit unit) =>
        unit == BudgetUnit.Usd ? Cost.Nanos
        : unit == BudgetUnit.Tokens ? Tokens
        : unit == BudgetUnit.Requests ? Requests
        : 0;
}
