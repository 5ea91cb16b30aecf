using BudgetGuard.Accounting;

namespace BudgetGuard.Redis;

/// <summary>All accounts are the shared ones: what is spent of what nodes have borrowed is told to them once a second.</summary>
internal sealed partial class LeasedCostTracker : IAccountScan
{
    /// <inheritdoc/>
    public ValueTask ScanAsync(CancellationToken cancellationToken) => _direct.ScanAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask<List<BudgetUsage>?> SummarizeAsync(CancellationToken cancellationToken) => _direct.SummarizeAsync(cancellationToken);
}
