using BudgetGuard.Accounting;
using BudgetGuard.Alerts.Delivery;
using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;
using BudgetGuard.Estimation;
using BudgetGuard.Identification;

namespace BudgetGuard.Metering;

/// <summary>
/// The one place that settles. It never throws and never waits longer than the store's bound: the answer of a request does not depend on it.
/// A settlement the store refuses or is slow to take is told of, and its hold stays until it expires, so that nothing is forgotten.
/// </summary>
internal sealed class Settler(
    ICostTracker tracker, ModelCosts costs, GuardMetrics metrics, FailureLog failures, AlertQueue alerts, SettingsSource settings, GuardHistory history, TimeProvider time)
{
    private readonly InMemoryCostTracker? _memory = tracker as InMemoryCostTracker;

    public Charge CostOf(TokenUsage usage, BudgetRequest request) => costs.CostOf(usage, request);

    /// <summary>What a stream is charged that was not settled at what it told; null if it is charged as an answer that tells nothing.</summary>
    public Charge? ChargeOf(in StreamReading stream, ModelCall call, BudgetRequest request, RequestOutcome outcome)
    {
        try
        {
            return StreamCosts.Of(costs, stream, call, request, outcome);
        }
        catch (Exception failure)
        {
            failures.Report(FailureKind.Metering, failure);
            return null;
        }
    }

    /// <summary>What an ended request is charged: the app's reports, else what its answer told, else how it ended decides.</summary>
    public Charge ChargeOf(RequestReports? reports, Charge? metered, in Charge estimate, RequestOutcome outcome)
    {
        if (reports is null && metered is null && outcome != RequestOutcome.NothingUsed)
        {
            return estimate;
        }

        Charge? reported = reports?.End((metered ?? estimate).Tokens);
        if (!settings.Current.EnableCostTracking)
        {
            return estimate;
        }

        return reported ?? metered ?? (outcome == RequestOutcome.NothingUsed ? new Charge(Money.Zero) : estimate);
    }

    public ValueTask SettleAsync(in Hold hold, in Charge actual) => WhenDone(TrySettleAsync(hold, actual));

    /// <summary>Settles; false where the store refused it.</summary>
    /// <param name="hold">The hold.</param>
    /// <param name="actual">What was really used.</param>
    /// <param name="isLateTaken">
    /// True if one that is only slow is taken: it is still under way, and counts when it arrives. False for who tells somebody that it is kept: that nobody knows yet.
    /// </param>
    public ValueTask<bool> TrySettleAsync(in Hold hold, in Charge actual, bool isLateTaken = true)
    {
        if (_memory is null || hold.Accounts is null || metrics.TimesTracker || !settings.Current.AsyncProcessing)
        {
            return RunAsync(Step.Settle, hold, default, actual, isLateTaken);
        }

        try
        {
            _memory.Settle(hold, actual);
            history.Changed(hold.Accounts);
            return new ValueTask<bool>(true);
        }
        catch (Exception failure)
        {
            failures.Report(FailureKind.Settlement, failure);
            return new ValueTask<bool>(false);
        }
    }

    /// <summary>Corrects a settlement that was made before the app reported what the request really used.</summary>
    public ValueTask AdjustAsync(in Hold hold, in Charge settled, in Charge actual) => WhenDone(RunAsync(Step.Adjust, hold, settled, actual, isLateTaken: true));

    public ValueTask ReleaseAsync(in Hold hold) => WhenDone(TryReleaseAsync(hold));

    /// <summary>Releases; false where the store refused it, or did not say in time that it is kept.</summary>
    public ValueTask<bool> TryReleaseAsync(in Hold hold) => RunAsync(Step.Release, hold, default, default, isLateTaken: false);

    /// <summary>Adds to a hold. Never throws, and never waits longer than the store's bound.</summary>
    public ValueTask<HoldExtension> ExtendAsync(in Hold hold, in Charge more)
    {
        long started = metrics.TimesTracker ? time.GetTimestamp() : 0;
        ValueTask<HoldResult> call;
        try
        {
            call = tracker.ExtendAsync(hold, more, CancellationToken.None);
        }
        catch (Exception failure)
        {
            failures.Report(FailureKind.Store, failure);
            return new ValueTask<HoldExtension>(HoldExtension.Failed);
        }

        if (!call.IsCompletedSuccessfully)
        {
            return AwaitExtensionAsync(call.AsTask(), started);
        }

        Took("extend", started);

        // Complete, as a tracker in memory always is: nothing is waited for here.
        return new ValueTask<HoldExtension>(ToExtension(call.Result));
    }

    /// <summary>Counts a settled cost; once for each request, whether or not a budget applies.</summary>
    public void Count(BudgetRequest request, AccountSet? accounts, in Charge actual, long inputTokens)
    {
        metrics.Settled(actual.Cost, request.Operation);
        if (history.IsOn)
        {
            history.Settled(request, accounts, actual, inputTokens);
        }
    }

    /// <summary>Notes that a request ended at no cost and as none.</summary>
    public void CountNothing(BudgetRequest request)
    {
        if (history.IsOn)
        {
            history.Ended(request, Money.Zero);
        }
    }

    private static ValueTask WhenDone(ValueTask<bool> step) => step.IsCompleted ? ValueTask.CompletedTask : new ValueTask(step.AsTask());

    private ValueTask<bool> RunAsync(Step step, in Hold hold, in Charge settled, in Charge actual, bool isLateTaken)
    {
        if (hold.Accounts is null)
        {
            return new ValueTask<bool>(true);
        }

        long started = metrics.TimesTracker ? time.GetTimestamp() : 0;
        long raised = alerts.Raised;
        ValueTask call;
        try
        {
            // Never with the request's token: a client that left does not undo what was spent.
            call = step switch
            {
                Step.Settle => tracker.SettleAsync(hold, actual, CancellationToken.None),
                Step.Adjust => tracker.AdjustAsync(hold, settled, actual, CancellationToken.None),
                _ => tracker.ReleaseAsync(hold, CancellationToken.None),
            };
        }
        catch (Exception failure)
        {
            failures.Report(FailureKind.Settlement, failure);
            return new ValueTask<bool>(false);
        }

        if (!call.IsCompletedSuccessfully || !settings.Current.AsyncProcessing)
        {
            return FinishAsync(step, call, hold.Accounts, started, raised, isLateTaken);
        }

        Took(NameOf(step), started);
        history.Changed(hold.Accounts);
        return new ValueTask<bool>(true);
    }

    private static HoldExtension ToExtension(in HoldResult result) => result.Outcome switch
    {
        HoldOutcome.Held => HoldExtension.Granted with { Tightest = result.Tightest, Remaining = result.Remaining },
        HoldOutcome.Refused => new HoldExtension(false, result.Refusals),
        _ => HoldExtension.Over,
    };

    private async ValueTask<HoldExtension> AwaitExtensionAsync(Task<HoldResult> call, long started)
    {
        try
        {
            return ToExtension(await call.WaitAsync(settings.Current.StoreTimeout, time).ConfigureAwait(false));
        }
        catch (Exception failure)
        {
            // A grant that comes later makes the hold larger than it is known here; the settlement takes all of it back.
            failures.Report(FailureKind.Store, failure);
            return HoldExtension.Failed;
        }
        finally
        {
            Took("extend", started);
        }
    }

    private void Took(string step, long started)
    {
        if (started != 0)
        {
            metrics.TrackerTook(time.GetElapsedTime(started), step, tracker);
        }
    }

    private static string NameOf(Step step) => step switch
    {
        Step.Settle => "settle",
        Step.Adjust => "adjust",
        _ => "release",
    };

    private async ValueTask<bool> FinishAsync(Step step, ValueTask call, AccountSet accounts, long started, long raised, bool isLateTaken)
    {
        bool isTaken = true;
        try
        {
            if (call.IsCompleted)
            {
                await call.ConfigureAwait(false);
            }
            else
            {
                isTaken = await WaitAsync(call.AsTask()).ConfigureAwait(false) || isLateTaken;
            }
        }
        catch (Exception failure)
        {
            failures.Report(FailureKind.Settlement, failure);
            isTaken = false;
        }

        Took(NameOf(step), started);
        history.Changed(accounts);
        if (!settings.Current.AsyncProcessing)
        {
            await alerts.WhenSentAsync(raised).ConfigureAwait(false);
        }

        return isTaken;
    }

    /// <summary>False where the store does not answer in time: it may take the step yet.</summary>
    private async ValueTask<bool> WaitAsync(Task call)
    {
        try
        {
            await call.WaitAsync(settings.Current.StoreTimeout, time).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException late) when (!call.IsCompleted)
        {
            failures.Report(FailureKind.Settlement, late);
            _ = failures.WatchAsync(FailureKind.Settlement, call);
            return false;
        }
    }

    private enum Step
    {
        Settle,
        Adjust,
        Release,
    }
}
