namespace BudgetGuard.Frameworks.Tests.Rig;

/// <summary>A store that is away: it fails, or says nothing at all.</summary>
internal sealed class LostTracker(bool isSilent) : ICostTracker
{
    public ValueTask<HoldResult> HoldAsync(HoldRequest request, CancellationToken cancellationToken) => Lost<HoldResult>();

    public ValueTask<HoldResult> ExtendAsync(Hold hold, Charge more, CancellationToken cancellationToken) => Lost<HoldResult>();

    public ValueTask SettleAsync(Hold hold, Charge actual, CancellationToken cancellationToken) => new(Lost<bool>().AsTask());

    public ValueTask AdjustAsync(Hold hold, Charge settled, Charge actual, CancellationToken cancellationToken) => new(Lost<bool>().AsTask());

    public ValueTask ReleaseAsync(Hold hold, CancellationToken cancellationToken) => new(Lost<bool>().AsTask());

    public ValueTask<AccountState> ReadAsync(Account account, CancellationToken cancellationToken) => Lost<AccountState>();

    public long ReadFreedVersion(AccountSet accounts) => 0;

    private ValueTask<T> Lost<T>() => isSilent ? new(new TaskCompletionSource<T>().Task) : ValueTask.FromException<T>(new IOException("The store is away."));
}
