using System.Collections.Immutable;
using BudgetGuard.Accounting;
using BudgetGuard.Alerts.Raising;
using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;

namespace BudgetGuard.Policy;

/// <summary>The one place that decides: holds a request's cost on every account of its plan, or says which account refused and when to come back.</summary>
internal sealed class BudgetPolicy(SettingsSource settings, IPriceCatalog catalog, ICostTracker tracker, GuardMetrics metrics, FailureLog failures, StoreHealth store, TimeProvider time)
    : IBudgetPolicy
{
    private readonly InMemoryCostTracker? _memory = tracker as InMemoryCostTracker;

    public ValueTask<BudgetDecision> DecideAsync(BudgetRequest request, CancellationToken cancellationToken)
    {
        GuardSettings current = settings.Current;
        return DecideAsync(request, BudgetMatcher.Match(request, current, catalog), current, cancellationToken);
    }

    public BudgetPlan Match(BudgetRequest request, GuardSettings current) => BudgetMatcher.Match(request, current, catalog);

    /// <summary>Decides at once where the tracker is in memory; false where it has to be awaited.</summary>
    public bool TryDecide(BudgetRequest request, BudgetPlan plan, GuardSettings current, out BudgetDecision decision)
    {
        decision = default;
        if (plan.IsEmpty)
        {
            return true;
        }

        if (_memory is null)
        {
            return false;
        }

        long started = metrics.TimesTracker ? time.GetTimestamp() : 0;
        _memory.Hold(ToHold(request, plan, current), out HoldResult result);
        HoldTook(started);
        decision = ToDecision(result);
        return true;
    }

    /// <summary>The common allow at its least cost; false, and nothing is done, where the policy has to be asked.</summary>
    public bool TryGrant(BudgetRequest request, BudgetPlan plan, GuardSettings current, out Grant grant)
    {
        long started = metrics.TimesTracker ? time.GetTimestamp() : 0;
        if (_memory is not null && !plan.IsEmpty && _memory.TryHold(ToHold(request, plan, current), out GrantedHold hold))
        {
            HoldTook(started);
            grant = new Grant(plan.Accounts, hold);
            return true;
        }

        grant = default;
        return false;
    }

    public ValueTask<BudgetDecision> DecideAsync(BudgetRequest request, BudgetPlan plan, GuardSettings current, CancellationToken cancellationToken)
    {
        if (plan.IsEmpty)
        {
            return new ValueTask<BudgetDecision>(BudgetDecision.Allow());
        }

        long started = metrics.TimesTracker ? time.GetTimestamp() : 0;
        ValueTask<HoldResult> attempt;
        try
        {
            attempt = tracker.HoldAsync(ToHold(request, plan, current), cancellationToken);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            return new ValueTask<BudgetDecision>(OnStoreFailure(plan, failure));
        }

        if (!attempt.IsCompletedSuccessfully)
        {
            bool mayBeShared = request.Id != default && !request.OwnsId;
            return AwaitHoldAsync(attempt.AsTask(), plan, mayBeShared, current.StoreTimeout, started, cancellationToken);
        }

        HoldTook(started);
        store.Answered();

        // Complete, as a tracker in memory always is: nothing is waited for here.
        return new ValueTask<BudgetDecision>(ToDecision(attempt.Result));
    }

    private void HoldTook(long started)
    {
        if (started != 0)
        {
            metrics.TrackerTook(time.GetElapsedTime(started), "hold", tracker);
        }
    }

    private static HoldRequest ToHold(BudgetRequest request, BudgetPlan plan, GuardSettings current) =>
        new(plan.Accounts, request.AmountOr(current.DefaultCost), request.HoldFor ?? current.HoldTimeout, request.Id) { OwnsId = request.OwnsId };

    private async ValueTask<BudgetDecision> AwaitHoldAsync(
        Task<HoldResult> attempt, BudgetPlan plan, bool mayBeShared, TimeSpan timeout, long started, CancellationToken cancellationToken)
    {
        HoldResult result;
        try
        {
            result = await attempt.WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
            store.Answered();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _ = ReleaseWhenHeldAsync(attempt, mayBeShared);
            throw;
        }
        catch (Exception failure)
        {
            // Also where its answer came just after the wait for it was over.
            if (!attempt.IsFaulted && !attempt.IsCanceled)
            {
                _ = ReleaseWhenHeldAsync(attempt, mayBeShared);
            }

            return OnStoreFailure(plan, failure);
        }
        finally
        {
            HoldTook(started);
        }

        // An identity that was used for something else is no failure of the store.
        return ToDecision(result);
    }

    /// <summary>
    /// A hold whose answer came too late pays for nothing: it goes back as soon as the store tells of it. Not one with a name, which somebody may have asked for again and
    /// been given meanwhile: that one is charged at its estimate when its time is over.
    /// </summary>
    private async Task ReleaseWhenHeldAsync(Task<HoldResult> attempt, bool mayBeShared)
    {
        try
        {
            HoldResult result = await attempt.ConfigureAwait(false);
            if (result.Outcome == HoldOutcome.Held && !mayBeShared)
            {
                await tracker.ReleaseAsync(result.Hold, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (Exception failure)
        {
            failures.Report(FailureKind.Store, failure);
        }
    }

    private BudgetDecision OnStoreFailure(BudgetPlan plan, Exception failure)
    {
        store.Failed();
        failures.Report(FailureKind.Store, failure);
        if (plan.ClosedOnStoreFailure)
        {
            throw new BudgetGuardUnavailableException("Budget guard unavailable", failure);
        }

        metrics.PassedUncounted();
        return BudgetDecision.AllowUncounted();
    }

    private static BudgetDecision ToDecision(in HoldResult result)
    {
        ImmutableArray<Refusal> refusals = result.Refusals;
        if (result.Outcome == HoldOutcome.Held)
        {
            Account tightest = result.Hold.Accounts.Accounts[result.Tightest];
            return BudgetDecision.AllowWith(
                result.Hold,
                tightest.Terms.Name,
                tightest.Terms.Unit == BudgetUnit.Usd ? Money.FromNanos(result.Remaining) : null,
                refusals.IsDefaultOrEmpty ? null : RefusalJudge.Judge(refusals, enforced: false));
        }

        return result.Outcome == HoldOutcome.Refused
            ? BudgetDecision.Deny(RefusalJudge.Judge(refusals, enforced: true))
            : throw new BudgetHoldConflictException();
    }
}
