namespace BudgetGuard;

/// <summary>
/// Keeps the accounts. Admission never takes an account above its limit; a settlement is a fact and is never refused.
/// A hold only moves up: held, expired, released, settled; so the outcome depends on which events arrived, not on their order or number.
/// </summary>
public interface ICostTracker
{
    /// <summary>Sets an amount aside on all accounts of the request, or on none; the check and the hold are one atomic step.</summary>
    ValueTask<HoldResult> HoldAsync(HoldRequest request, CancellationToken cancellationToken);

    /// <summary>Adds to a hold, with the same atomic check. The answer's hold has the grown amount; a refusal leaves the old one as it was.</summary>
    ValueTask<HoldResult> ExtendAsync(Hold hold, Charge more, CancellationToken cancellationToken);

    /// <summary>Charges what was really used, in full and exactly once, to the windows the hold was taken in; also late, after expiry or for an unknown hold.</summary>
    ValueTask SettleAsync(Hold hold, Charge actual, CancellationToken cancellationToken);

    /// <summary>
    /// Corrects a settlement that better evidence came after: the difference between the two is charged (or given back) where the first was charged. A hold
    /// that is known but not settled is settled at what it really used.
    /// </summary>
    /// <param name="hold">The hold that was settled.</param>
    /// <param name="settled">What it was settled at.</param>
    /// <param name="actual">What it really used.</param>
    /// <param name="cancellationToken">Ends the wait for the store, not the correction.</param>
    ValueTask AdjustAsync(Hold hold, Charge settled, Charge actual, CancellationToken cancellationToken);

    /// <summary>Gives a hold back: nothing was used.</summary>
    ValueTask ReleaseAsync(Hold hold, CancellationToken cancellationToken);

    /// <summary>Reads an account's current window. An account nobody has used yet reads as empty.</summary>
    ValueTask<AccountState> ReadAsync(Account account, CancellationToken cancellationToken);

    /// <summary>
    /// A number that changes whenever money may have become available on one of the accounts other than by time passing: a release, a settlement below
    /// its hold, an expiry, a top-up. A denial may be served again only while it stands still.
    /// </summary>
    long ReadFreedVersion(AccountSet accounts);

    /// <summary>Claims an alert; false if it was claimed before, on any node, and not given back. The default lets everybody have it.</summary>
    ValueTask<bool> ClaimAlertAsync(AlertClaim claim, CancellationToken cancellationToken) => ValueTask.FromResult(true);

    /// <summary>Gives the claim of an alert back that could not be delivered: whatever tells of its reason next may claim it again.</summary>
    ValueTask ReleaseAlertAsync(AlertClaim claim, CancellationToken cancellationToken) => ValueTask.CompletedTask;
}
