using BudgetGuard.Accounting;

namespace BudgetGuard.Tests.Rig;

/// <summary>A store on the test's clock that holds and reads, but whose settlements and releases fail or hang.</summary>
internal sealed class SettlementsFail : ICostTracker
{
    public InMemoryCostTracker Inner { get; set; } = null!;

    public Exception? Fault { get; set; }

    public TaskCompletionSource? Hanging { get; set; }

    public int Tries { get; private set; }

    public ValueTask<HoldResult> HoldAsync(HoldRequest request, CancellationToken cancellationToken) => Inner.HoldAsync(request, cancellationToken);

    public ValueTask<HoldResult> ExtendAsync(Hold hold, Charge more, CancellationToken cancellationToken) => Inner.ExtendAsync(hold, more, cancellationToken);

    public ValueTask SettleAsync(Hold hold, Charge actual, CancellationToken cancellationToken) =>
        TryAsync(() => Inner.SettleAsync(hold, actual, cancellationToken));

    public ValueTask AdjustAsync(Hold hold, Charge settled, Charge actual, CancellationToken cancellationToken) =>
        TryAsync(() => Inner.AdjustAsync(hold, settled, actual, cancellationToken));

    public ValueTask ReleaseAsync(Hold hold, CancellationToken cancellationToken) => TryAsync(() => Inner.ReleaseAsync(hold, cancellationToken));

    public ValueTask<AccountState> ReadAsync(Account account, CancellationToken cancellationToken) => Inner.ReadAsync(account, cancellationToken);

    public long ReadFreedVersion(AccountSet accounts) => Inner.ReadFreedVersion(accounts);

    private async ValueTask TryAsync(Func<ValueTask> step)
    {
        Tries++;
        if (Hanging is { } hanging)
        {
            await hanging.Task;
        }

        if (Fault is { } fault)
        {
            throw fault;
        }

        await step();
    }
}
