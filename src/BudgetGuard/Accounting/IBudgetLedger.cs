namespace BudgetGuard;

/// <summary>
/// What administrators do with accounts. Apart from <see cref="ICostTracker"/>, because requests need none of it: a tracker that implements it too can be
/// administered by the API; for one that does not, the API answers 501.
/// </summary>
public interface IBudgetLedger
{
    /// <summary>
    /// Raises an account's limit by an amount. Denials that were remembered for it fall, and its alerts can be told again. An account nobody has used yet is
    /// made.
    /// </summary>
    /// <param name="account">The account.</param>
    /// <param name="amount">By how much, in the budget's unit (nano-dollars for <see cref="BudgetUnit.Usd"/>); above zero.</param>
    /// <param name="until">Until when; null: as long as its window lasts now. A rolling window lasts its length from now on, one without end for ever.</param>
    /// <param name="cancellationToken">Ends the wait for the store.</param>
    /// <returns>The account's figures after it.</returns>
    /// <exception cref="ArgumentException">The time is over, or too many top-ups are in force.</exception>
    /// <exception cref="InvalidOperationException">The partition is one of those that share one account, as the budget has more than it tracks.</exception>
    ValueTask<AccountState> TopUpAsync(Account account, long amount, DateTimeOffset? until, CancellationToken cancellationToken);

    /// <summary>
    /// Begins an account anew: nothing used, held or owed, and no top-ups. Holds taken before settle into the account as it was, and count nowhere in the new one.
    /// </summary>
    /// <returns>The new account's figures.</returns>
    /// <exception cref="InvalidOperationException">The partition is one of those that share one account, as the budget has more than it tracks.</exception>
    ValueTask<AccountState> ResetAsync(Account account, CancellationToken cancellationToken);

    /// <summary>The accounts of a budget that are in use now: anything used, held, owed or topped up. In no particular order.</summary>
    /// <param name="account">Any account of the budget.</param>
    /// <param name="filter">Which of them.</param>
    /// <param name="most">How many at most.</param>
    /// <param name="cancellationToken">Ends the wait for the store.</param>
    ValueTask<IReadOnlyList<AccountReading>> ListAsync(Account account, Func<AccountKey, bool> filter, int most, CancellationToken cancellationToken);
}

/// <summary>An account as it was read.</summary>
/// <param name="Account">The account. That of all partitions that are not tracked has no partition values.</param>
/// <param name="State">Its figures.</param>
public readonly record struct AccountReading(Account Account, AccountState State);
