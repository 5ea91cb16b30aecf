using BudgetGuard.Accounting;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Rig;

/// <summary>The in-memory store behind a switch, on the clock of the app it is added to: while a fault is set, calls fail with it; while it hangs, they never answer.</summary>
internal sealed class FlakyTracker : ICostTracker
{
    private InMemoryCostTracker _inner = null!;
    private int _calls;
    private int _releases;

    /// <summary>What every call fails with; null: none.</summary>
    public Exception? Fault { get; set; }

    /// <summary>What only settlements fail with.</summary>
    public Exception? SettleFault { get; set; }

    /// <summary>What only reads fail with.</summary>
    public Exception? ReadFault { get; set; }

    /// <summary>Calls wait for this before they are done; null: they do not wait.</summary>
    public TaskCompletionSource? Hanging { get; set; }

    /// <summary>What only settlements wait for.</summary>
    public TaskCompletionSource? SettleHanging { get; set; }

    public int Calls => Volatile.Read(ref _calls);

    /// <summary>How many holds were released.</summary>
    public int Releases => Volatile.Read(ref _releases);

    /// <summary>Makes it the store of an app.</summary>
    public void AddTo(IServiceCollection services) => services.AddSingleton<ICostTracker>(provider =>
    {
        _inner = new InMemoryCostTracker(provider.GetRequiredService<TimeProvider>(), static () => ExpiredHolds.Charge, null);
        return this;
    });

    public ValueTask<HoldResult> HoldAsync(HoldRequest request, CancellationToken cancellationToken) =>
        DoAsync(() => _inner.HoldAsync(request, cancellationToken));

    public ValueTask<HoldResult> ExtendAsync(Hold hold, Charge more, CancellationToken cancellationToken) =>
        DoAsync(() => _inner.ExtendAsync(hold, more, cancellationToken));

    public async ValueTask SettleAsync(Hold hold, Charge actual, CancellationToken cancellationToken)
    {
        if (SettleHanging is { } hanging)
        {
            await hanging.Task;
        }

        if (SettleFault is { } fault)
        {
            throw fault;
        }

        await DoAsync(() => _inner.SettleAsync(hold, actual, cancellationToken));
    }

    public ValueTask AdjustAsync(Hold hold, Charge settled, Charge actual, CancellationToken cancellationToken) =>
        DoAsync(() => _inner.AdjustAsync(hold, settled, actual, cancellationToken));

    public async ValueTask ReleaseAsync(Hold hold, CancellationToken cancellationToken)
    {
        await DoAsync(() => _inner.ReleaseAsync(hold, cancellationToken));
        Interlocked.Increment(ref _releases);
    }

    public ValueTask<AccountState> ReadAsync(Account account, CancellationToken cancellationToken) => ReadFault is { } fault
        ? ValueTask.FromException<AccountState>(fault)
        : DoAsync(() => _inner.ReadAsync(account, cancellationToken));

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

    private async ValueTask FailAsync()
    {
        Interlocked.Increment(ref _calls);

        // A store that is well answers at once: what a test's clock does meanwhile cannot make it late.
        if (Hanging is null && Fault is null)
        {
            return;
        }

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
