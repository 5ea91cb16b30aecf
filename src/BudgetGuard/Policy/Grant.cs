namespace BudgetGuard.Policy;

/// <summary>An allow in as few words as it takes: the hold, and the accounts that it is on.</summary>
internal readonly record struct Grant(AccountSet Accounts, GrantedHold Hold)
{
    /// <summary>The account in US dollars with the least left after the hold, else the first.</summary>
    public Account Tightest => Accounts.Accounts[Hold.Tightest];
}
