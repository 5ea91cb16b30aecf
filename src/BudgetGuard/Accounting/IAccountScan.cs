namespace BudgetGuard.Accounting;

/// <summary>A tracker that can look at all of its accounts, for what no request tells of. Called by one watcher, every few seconds.</summary>
internal interface IAccountScan
{
    /// <summary>Ends what is over and looks for forecasts and unusual minutes; tells its listener.</summary>
    ValueTask ScanAsync(CancellationToken cancellationToken);

    /// <summary>What each budget has used in its current window; null where it is another node that looks, and tells.</summary>
    ValueTask<List<BudgetUsage>?> SummarizeAsync(CancellationToken cancellationToken);
}

/// <summary>What a budget has used, without what is held; of one that is split, its fullest account.</summary>
/// <param name="Budget">The budget's name.</param>
/// <param name="Unit">What it counts.</param>
/// <param name="Used">Settled and owed; of a concurrency budget what is in flight.</param>
/// <param name="Limit">The limit.</param>
/// <param name="Accounts">How many accounts have used anything.</param>
internal readonly record struct BudgetUsage(string Budget, BudgetUnit Unit, long Used, long Limit, int Accounts)
{
    /// <summary>Compares the shares exactly.</summary>
    public bool IsFullerThan(in BudgetUsage other) => (Int128)Used * other.Limit > (Int128)other.Used * Limit;
}
