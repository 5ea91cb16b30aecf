using BudgetGuard.Accounting;

namespace BudgetGuard.Redis;

/// <summary>
/// Decides in this node on what it has borrowed from the shared accounts, and asks Redis where that is not enough. Nothing can be spent twice: what is borrowed is held
/// for all others until it is told what of it was spent. What is not used goes back: when it lies idle, when another needs it, when its window or the node ends.
/// </summary>
internal sealed partial class LeasedCostTracker : ICostTracker, IBudgetLedger, IAsyncDisposable
{
    private readonly RedisCostTracker _direct;
    private readonly InMemoryCostTracker _local;
    private readonly LeaseBook _book;
    private readonly LeaseKeeper _keeper;

    public LeasedCostTracker(RedisCostTracker direct, TimeProvider time, Func<ExpiredHolds> expiredHolds, RedisSignals signals)
    {
        _direct = direct;
        _local = new InMemoryCostTracker(time, expiredHolds);
        _book = new LeaseBook(_local, direct, time);
        _keeper = new LeaseKeeper(_book, direct, time, signals);
    }

    /// <summary>How many holds were decided in this node, and how many Redis was asked for.</summary>
    internal (long Local, long Direct) Decided => _book.Decided;

    internal RedisCostTracker Direct => _direct;

    public ValueTask<HoldResult> HoldAsync(HoldRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request.Accounts);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(request.Ttl, TimeSpan.Zero);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<HoldResult>(cancellationToken);
        }

        // A hold with a name is known to all nodes.
        return request.Id == default && _book.TryHold(request, out HoldResult result)
            ? new ValueTask<HoldResult>(result)
            : AskAsync(request, cancellationToken);
    }

    public async ValueTask<HoldResult> ExtendAsync(Hold hold, Charge more, CancellationToken cancellationToken)
    {
        HoldId moved = _book.MovedTo(hold.Id);
        if (moved != default || !_local.IsOwn(hold.Id))
        {
            HoldResult shared = await _direct.ExtendAsync(moved == default ? hold : hold with { Id = moved }, more, cancellationToken).ConfigureAwait(false);
            return shared.Outcome == HoldOutcome.Held ? shared with { Hold = shared.Hold with { Id = hold.Id } } : shared;
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (_local.TryExtend(hold, more, out HoldResult result))
        {
            return result.Outcome == HoldOutcome.Held ? result with { Hold = hold with { Amount = Saturating.Add(hold.Amount, more) } } : result;
        }

        // What was borrowed does not stretch so far, or is on its way back: the hold moves to the shared accounts, whole, or stays as it was.
        return await _keeper.MoveAsync(hold, more, cancellationToken).ConfigureAwait(false);
    }

    public ValueTask SettleAsync(Hold hold, Charge actual, CancellationToken cancellationToken)
    {
        HoldId moved = _book.MovedTo(hold.Id);
        if (moved != default)
        {
            return _direct.SettleAsync(hold with { Id = moved }, actual, cancellationToken);
        }

        if (!_local.IsOwn(hold.Id))
        {
            return _direct.SettleAsync(hold, actual, cancellationToken);
        }

        if (_local.TrySettleKnown(hold, actual, out LateEnding late))
        {
            return late.Gone == 0 || late.IsSettled ? ValueTask.CompletedTask : CorrectAsync(hold, late, late.Counted, actual, cancellationToken);
        }

        // Nobody remembers it; where it was never settled it is a fact all the same.
        return _local.TrySettleForgotten(hold.Id) ? _direct.SettleAsync(hold with { Id = default }, actual, cancellationToken) : ValueTask.CompletedTask;
    }

    public ValueTask AdjustAsync(Hold hold, Charge settled, Charge actual, CancellationToken cancellationToken)
    {
        HoldId moved = _book.MovedTo(hold.Id);
        if (moved != default || !_local.IsOwn(hold.Id))
        {
            return _direct.AdjustAsync(moved == default ? hold : hold with { Id = moved }, settled, actual, cancellationToken);
        }

        if (_local.TryAdjustKnown(hold, settled, actual, out LateEnding late))
        {
            return late.Gone == 0 ? ValueTask.CompletedTask : CorrectAsync(hold, late, late.IsSettled ? settled : late.Counted, actual, cancellationToken);
        }

        return _direct.AdjustAsync(hold, settled, actual, cancellationToken);
    }

    public ValueTask ReleaseAsync(Hold hold, CancellationToken cancellationToken)
    {
        HoldId moved = _book.MovedTo(hold.Id);
        if (moved != default || !_local.IsOwn(hold.Id))
        {
            return _direct.ReleaseAsync(moved == default ? hold : hold with { Id = moved }, cancellationToken);
        }

        return !_local.TryReleaseKnown(hold, out LateEnding late) || late.Gone == 0 || late.IsSettled
            ? ValueTask.CompletedTask
            : CorrectAsync(hold, late, late.Counted, default, cancellationToken);
    }

    public ValueTask<AccountState> ReadAsync(Account account, CancellationToken cancellationToken) => _direct.ReadAsync(account, cancellationToken);

    public long ReadFreedVersion(AccountSet accounts) => _direct.ReadFreedVersion(accounts);

    public ValueTask<bool> ClaimAlertAsync(AlertClaim claim, CancellationToken cancellationToken) => _direct.ClaimAlertAsync(claim, cancellationToken);

    public ValueTask ReleaseAlertAsync(AlertClaim claim, CancellationToken cancellationToken) => _direct.ReleaseAlertAsync(claim, cancellationToken);

    public ValueTask<AccountState> TopUpAsync(Account account, long amount, DateTimeOffset? until, CancellationToken cancellationToken) =>
        _direct.TopUpAsync(account, amount, until, cancellationToken);

    /// <inheritdoc/>
    /// <remarks>What nodes have borrowed stays held, because they may spend it; what they do not use comes back at once, of this node before.</remarks>
    public async ValueTask<AccountState> ResetAsync(Account account, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(account);
        var accounts = new AccountSet([account]);
        await _keeper.GiveBackAsync(accounts, cancellationToken).ConfigureAwait(false);
        AccountState state = await _direct.ResetAsync(account, cancellationToken).ConfigureAwait(false);
        _keeper.CallBack(accounts);
        return state;
    }

    public ValueTask<IReadOnlyList<AccountReading>> ListAsync(Account account, Func<AccountKey, bool> filter, int most, CancellationToken cancellationToken) =>
        _direct.ListAsync(account, filter, most, cancellationToken);

    /// <summary>Gives back what was borrowed, within a bound.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _keeper.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            await _direct.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Ends as a crash does: what was borrowed stays held until its time is over.</summary>
    internal ValueTask CrashAsync() => _keeper.StopAsync();

    /// <summary>For tests: one round of what is done in the background.</summary>
    internal ValueTask KeepAsync(CancellationToken cancellationToken) => _keeper.KeepAsync(cancellationToken);

    private async ValueTask<HoldResult> AskAsync(HoldRequest request, CancellationToken cancellationToken)
    {
        HoldResult result = await _direct.HoldAsync(request, cancellationToken).ConfigureAwait(false);
        _book.CountDirect();
        if (result.Outcome != HoldOutcome.Refused || !result.Refusals.Any(static refusal => refusal.IsHeldByOthers && refusal.Account.Terms.Enforced))
        {
            return result;
        }

        // Some of what is held may be what nodes have borrowed and do not need. First what this one has, then what all others have.
        try
        {
            if (await _keeper.GiveBackAsync(request.Accounts, cancellationToken).ConfigureAwait(false))
            {
                result = await _direct.HoldAsync(request, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is RedisUnavailableException or TimeoutException)
        {
            // The server said no while it could; what was on its way back goes there later.
            return result;
        }

        if (result.Outcome == HoldOutcome.Refused)
        {
            _keeper.CallBack(request.Accounts);
        }

        return result;
    }

    /// <summary>
    /// Charges the difference where the part a hold was taken on is given back already. What was charged too much goes back where it was charged, and into no other window:
    /// there it would let in more than its limit.
    /// </summary>
    private async ValueTask CorrectAsync(Hold hold, LateEnding late, Charge before, Charge actual, CancellationToken cancellationToken)
    {
        List<Account> more = [];
        for (int i = 0; i < hold.Accounts.Accounts.Length; i++)
        {
            Account account = hold.Accounts.Accounts[i];
            long difference = actual.In(account.Terms.Unit) - before.In(account.Terms.Unit);
            if ((late.Gone & (1UL << i)) == 0 || difference == 0)
            {
                continue;
            }

            if (difference > 0)
            {
                more.Add(account);
            }
            else
            {
                var part = new Hold(LeasedAccount.PartOf(late.Keys[i]), new AccountSet([account]), hold.Amount);
                await _direct.GiveBackAsync(part, before, actual, cancellationToken).ConfigureAwait(false);
            }
        }

        if (more.Count > 0)
        {
            await _direct.AdjustAsync(new Hold(RedisCostTracker.NewId(), new AccountSet([.. more]), hold.Amount), before, actual, cancellationToken).ConfigureAwait(false);
        }
    }
}
