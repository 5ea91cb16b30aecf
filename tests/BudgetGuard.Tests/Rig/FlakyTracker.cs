using BudgetGuard.Accounting;

namespace BudgetGuard.Tests.Rig;

/// <summary>The in-memory store behind a switch: while a fault is set, calls fail with it; while it hangs, they never answer.</summary>
internal sealed class FlakyTracker : ICostTracker
{
    private readonly InMemoryCostTracker _inner = new(TimeProvider.System, static () => ExpiredHolds.Charge, null);

    /// <summary>What every call fails with; null: none.</summary>
    public Exception? Fault { get; set; }

    /// <summary>What only settlements fail with.</summary>
    public Exception? SettleFault { get; set; }

    /// <summary>Calls wait for this before they are done; null: they do not wait.</summary>
    public TaskCompletionSource? Hanging { get; set; }

    public int Calls { get; private set; }

    public ValueTask<HoldResult> HoldAsync(HoldRequest request, CancellationToken cancellationToken) =>
        DoAsync(() => _inner.HoldAsync(request, cancellationToken));

    public ValueTask<HoldResult> ExtendAsync(Hold hold, Charge more, CancellationToken cancellationToken) =>
        DoAsync(() => _inner.ExtendAsync(hold, more, cancellationToken));

    public ValueTask SettleAsync(Hold hold, Charge actual, CancellationToken cancellationToken) => SettleFault is { } fault
        ? ValueTask.FromException(fault)
        : DoAsync(() => _inner.SettleAsync(hold, actual, cancellationToken));

    public ValueTask AdjustAsync(Hold hold, Charge settled, Charge actual, CancellationToken cancellationToken) =>
        DoAsync(() => _inner.AdjustAsync(hold, settled, actual, cancellationToken));

    public ValueTask ReleaseAsync(Hold hold, CancellationToken cancellationToken) => DoAsync(() => _inner.ReleaseAsync(hold, cancellationToken));

    public ValueTask<AccountState> ReadAsync(Account account, CancellationToken cancellationToken) =>
        DoAsync(() => _inner.ReadAsync(account, cancellationToken));

    public long ReadFreedVersion(AccountSet accounts) => _inner.ReadFreedVersion(accounts);

    private async ValueTask<T> DoAsync<T>(Func<ValueTask<T>> call)
    {
        await FailAsync();
        return await call();
    }

    private async ValueTask DoAsync(Func<ValueTask> call)
    {
        await FailAsync();
        await call();
    }

    private async Task FailAsync()
    {
        Calls++;
        await Task.Yield();
        if (Hanging is { } hanging)
        {
            await hanging.Task;
        }

        if (Fault is { } fault)
        {
            throw fault;
        }
    }
}
