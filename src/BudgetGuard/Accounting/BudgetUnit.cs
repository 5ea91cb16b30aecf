namespace BudgetGuard;

/// <summary>What a budget counts.</summary>
public enum BudgetUnit
{
    /// <summary>US dollars, in nano-dollars inside.</summary>
    Usd,

    /// <summary>Input plus output tokens.</summary>
    Tokens,

    /// <summary>Requests that reached the app.</summary>
    Requests,

    /// <summary>Requests in flight at one time.</summary>
    Concurrency,
}
