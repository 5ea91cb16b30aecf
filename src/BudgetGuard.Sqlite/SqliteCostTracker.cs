using BudgetGuard.Accounting;
using Microsoft.Data.Sqlite;

namespace BudgetGuard.Sqlite;

/// <summary>
/// Keeps the accounts in memory, where they are decided on, and writes what changes to a file before anybody is told of it. What was decided and could not be
/// written is taken back; what was settled stays, and is written as soon as that is possible.
/// </summary>
internal sealed class SqliteCostTracker : ICostTracker, IBudgetLedger, IAccountScan, IAsyncDisposable
{
    private readonly InMemoryCostTracker _memory;
    private readonly JournalPump _pump;
    private readonly IJournalDriver _thread;
    private readonly ClaimBook _claims;
    private readonly HoldAskers _askers = new();
    private readonly TimeProvider _time;
    private readonly bool _waits;

    /// <summary>Opens a file and begins where it ends.</summary>
    /// <param name="open">Opens the file; asked again after it could not be written.</param>
    /// <param name="path">Where it is, for messages.</param>
    /// <param name="durability">When what was decided counts as written.</param>
    /// <param name="time">The clock.</param>
    /// <param name="expiredHolds">What becomes of holds that expire.</param>
    /// <param name="signals">Where it tells of itself.</param>
    /// <param name="listener">Who hears of accounts.</param>
    /// <param name="drive">What makes the journal write; a thread of its own unless something else is given.</param>
    /// <exception cref="IOException">The file cannot be opened, or another process has it.</exception>
    /// <exception cref="InvalidDataException">It is damaged, or no file of budgets.</exception>
    public SqliteCostTracker(
        Func<IJournalFile> open, string path, Durability durability, TimeProvider time, Func<ExpiredHolds> expiredHolds, StoreSignals signals, IAccountEvents? listener = null,
        Func<JournalPump, IJournalDriver>? drive = null)
    {
        _time = time;
        _waits = durability == Durability.Strict;
        var changes = new AccountChanges();
        _memory = new InMemoryCostTracker(time, expiredHolds, listener, changes);
        var maker = new BatchMaker();
        IJournalFile file = open();
        try
        {
            var restorer = new AccountRestorer(file, maker, path);
            _memory.Restore(restorer.Restore);
            Accept(file, path);
            _pump = new JournalPump(_memory, maker, file, open, signals, answersInline: drive is not null);
            _claims = new ClaimBook(_pump);
            foreach (ClaimRow claim in restorer.Claims)
            {
                _claims.Restore(claim);
            }

            // What became of the holds of an earlier process is on the disk before anything new is decided.
            if (_pump.Step() == JournalStep.Down)
            {
                throw new IOException($"'{path}' cannot be written: {_pump.Failure!.Message}", _pump.Failure);
            }

            signals.Opened(restorer.Accounts, restorer.OpenHolds);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        _thread = drive?.Invoke(_pump) ?? new JournalThread(_pump, time);
    }

    /// <summary>How many holds are open.</summary>
    public long OpenHolds => _memory.OpenHolds;

    public List<BudgetUtilization> ReadUtilization() => _memory.ReadUtilization();

    public ValueTask<HoldResult> HoldAsync(HoldRequest request, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<HoldResult>(cancellationToken);
        }

        _pump.ThrowIfDown();
        _askers.Enter(request.Id);
        HoldResult result = default;
        try
        {
            _memory.Hold(request, out result);
        }
        finally
        {
            if (request.Id != default && (result.Outcome != HoldOutcome.Held || result.Hold.Accounts is null))
            {
                GiveUp(request, request.Id, isNew: false);
            }
        }

        return result.Outcome == HoldOutcome.Held ? WrittenAsync(request, result, cancellationToken) : Told(result);
    }

    public async ValueTask<HoldResult> ExtendAsync(Hold hold, Charge more, CancellationToken cancellationToken)
    {
        _pump.ThrowIfDown();
        HoldResult result = await _memory.ExtendAsync(hold, more, cancellationToken).ConfigureAwait(false);

        // An extension that is not written is one that a crash forgets; the hold itself is written, and the settlement takes back whatever it has.
        await WhenWritten(cancellationToken).ConfigureAwait(false);
        return result;
    }

    public ValueTask SettleAsync(Hold hold, Charge actual, CancellationToken cancellationToken)
    {
        _memory.Settle(hold, actual);
        return WhenWritten(cancellationToken);
    }

    public async ValueTask AdjustAsync(Hold hold, Charge settled, Charge actual, CancellationToken cancellationToken)
    {
        await _memory.AdjustAsync(hold, settled, actual, cancellationToken).ConfigureAwait(false);
        await WhenWritten(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask ReleaseAsync(Hold hold, CancellationToken cancellationToken)
    {
        await _memory.ReleaseAsync(hold, cancellationToken).ConfigureAwait(false);
        await WhenWritten(cancellationToken).ConfigureAwait(false);
    }

    public ValueTask<AccountState> ReadAsync(Account account, CancellationToken cancellationToken)
    {
        _pump.ThrowIfDown();
        return _memory.ReadAsync(account, cancellationToken);
    }

    public long ReadFreedVersion(AccountSet accounts) => _memory.ReadFreedVersion(accounts);

    public async ValueTask<bool> ClaimAlertAsync(AlertClaim claim, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        if (!_claims.TryClaim(AlertClaimText.Of(claim), claim.Until?.UtcTicks ?? long.MaxValue, _time.GetUtcNow().UtcTicks))
        {
            return false;
        }

        _thread.Wake();
        if (_waits && _pump.Failure is null)
        {
            try
            {
                await WhenWritten(cancellationToken).ConfigureAwait(false);
            }
            catch (IOException)
            {
                // That the disk fails is told too: better twice, after a crash, than never.
            }
        }

        return true;
    }

    public async ValueTask ReleaseAlertAsync(AlertClaim claim, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        _claims.Release(AlertClaimText.Of(claim));
        await _memory.ReleaseAlertAsync(claim, cancellationToken).ConfigureAwait(false);
        _thread.Wake();
    }

    public async ValueTask<AccountState> TopUpAsync(Account account, long amount, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        _pump.ThrowIfDown();
        AccountState state = await _memory.TopUpAsync(account, amount, until, cancellationToken).ConfigureAwait(false);
        await WhenWritten(cancellationToken).ConfigureAwait(false);
        return state;
    }

    public async ValueTask<AccountState> ResetAsync(Account account, CancellationToken cancellationToken)
    {
        _pump.ThrowIfDown();
        AccountState state = await _memory.ResetAsync(account, cancellationToken).ConfigureAwait(false);
        await WhenWritten(cancellationToken).ConfigureAwait(false);
        return state;
    }

    public ValueTask<IReadOnlyList<AccountReading>> ListAsync(Account account, Func<AccountKey, bool> filter, int most, CancellationToken cancellationToken)
    {
        _pump.ThrowIfDown();
        return _memory.ListAsync(account, filter, most, cancellationToken);
    }

    public ValueTask ScanAsync(CancellationToken cancellationToken)
    {
        _memory.Scan();
        _thread.Wake();
        return ValueTask.CompletedTask;
    }

    public ValueTask<List<BudgetUsage>?> SummarizeAsync(CancellationToken cancellationToken) => new(_memory.Summarize());

    /// <summary>Writes what is left, and closes the file.</summary>
    public ValueTask DisposeAsync() => _thread.DisposeAsync();

    /// <summary>Ends as a crash does: what is not written is lost.</summary>
    internal ValueTask CrashAsync() => _thread.CrashAsync();

    private static void Accept(IJournalFile file, string path)
    {
        try
        {
            file.Accept();
        }
        catch (SqliteException failure)
        {
            throw new IOException($"'{path}' cannot be written: {failure.Message}", failure);
        }
    }

    private ValueTask<HoldResult> Told(in HoldResult result)
    {
        // What a refusal has to tell is written, but nobody waits for that.
        _thread.Wake();
        return new ValueTask<HoldResult>(result);
    }

    private async ValueTask<HoldResult> WrittenAsync(HoldRequest request, HoldResult result, CancellationToken cancellationToken)
    {
        try
        {
            await WhenWritten(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // Whoever asked knows of no hold. Who else asked for the same may have it.
            GiveUp(request, result.Hold.Id, isNew: !result.IsRepeat);
            throw;
        }

        _askers.Have(request.Id);
        return result;
    }

    private void GiveUp(HoldRequest request, HoldId hold, bool isNew) => _askers.GiveUp(request.Id, isNew, () =>
    {
        _memory.Release(new Hold(hold, request.Accounts, request.Amount));
        _thread.Wake();
    });

    private ValueTask WhenWritten(CancellationToken cancellationToken)
    {
        Task? written = _waits ? _pump.WhenWritten() : null;
        _thread.Wake();
        if (written is null)
        {
            return ValueTask.CompletedTask;
        }

        return new ValueTask(cancellationToken.CanBeCanceled ? written.WaitAsync(cancellationToken) : written);
    }
}
