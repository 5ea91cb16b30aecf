using System.Diagnostics;
using BudgetGuard.Alerts.Delivery;
using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;

namespace BudgetGuard.Policy;

/// <summary>Asks the policy on behalf of a request: measured, bounded, and with an answer for a policy that fails.</summary>
internal sealed class Admission(
    IBudgetPolicy policy, GuardMetrics metrics, FailureLog failures, AlertQueue alerts, SettingsSource settings, GuardHistory history, TimeProvider time)
{
    private readonly CachedBudgetPolicy? _cached = policy as CachedBudgetPolicy;

    // The guard's own policy bounds its waits itself and gives back a hold that comes too late.
    private readonly bool _boundsItself = policy is CachedBudgetPolicy or BudgetPolicy;

    /// <summary>When a decision began; 0 where nobody wants to know.</summary>
    public long Start() => metrics.TimesDecisions ? time.GetTimestamp() : 0;

    /// <summary>
    /// Allows at once what the guard's own policy allows at once; false, and nothing is done, where <see cref="DecideAsync"/> has to be asked: to deny, to
    /// wait, to trace.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="started">What <see cref="Start"/> gave.</param>
    /// <param name="grant">The allow.</param>
    public bool TryAllow(BudgetRequest request, long started, out Grant grant)
    {
        if (_cached is null || GuardActivities.Source.HasListeners() || !settings.Current.AsyncProcessing
            || !_cached.TryGrant(request, out grant))
        {
            grant = default;
            return false;
        }

        if (metrics.CountsDecisions)
        {
            metrics.Decided(DecisionKind.Allow, grant.Tightest.Terms.Name, request.Operation);
        }

        if (started != 0)
        {
            metrics.DecisionTook(time.GetElapsedTime(started), DecisionKind.Allow);
        }

        if (history.IsOn)
        {
            history.Decided(request, DecisionKind.Allow, grant.Tightest.Terms.Name, reason: null);
        }

        return true;
    }

    /// <exception cref="BudgetGuardUnavailableException">The policy or the store failed, and a budget of the request is closed on failure.</exception>
    public async ValueTask<BudgetDecision> DecideAsync(BudgetRequest request, long started, CancellationToken cancellationToken)
    {
        using Activity? activity = GuardActivities.Source.StartActivity("budgetguard.decide");
        long raised = alerts.Raised;
        BudgetDecision decision = await AskAsync(request, cancellationToken).ConfigureAwait(false);
        if (started != 0)
        {
            metrics.DecisionTook(time.GetElapsedTime(started), decision.Kind);
        }

        metrics.Decided(decision.Kind, decision.Budget, request.Operation);
        if (history.IsOn)
        {
            history.Decided(request, decision);
        }

        if (activity is not null)
        {
            activity.SetTag("budgetguard.decision", DecisionNames.Of(decision.Kind));
            activity.SetTag("budgetguard.budget", decision.Budget);
            activity.SetTag("budgetguard.operation", request.Operation);
        }

        if (!settings.Current.AsyncProcessing)
        {
            await alerts.WhenSentAsync(raised).ConfigureAwait(false);
        }

        return decision;
    }

    private async ValueTask<BudgetDecision> AskAsync(BudgetRequest request, CancellationToken cancellationToken)
    {
        try
        {
            ValueTask<BudgetDecision> answer = policy.DecideAsync(request, cancellationToken);
            return _boundsItself || answer.IsCompleted
                ? await answer.ConfigureAwait(false)
                : await answer.AsTask().WaitAsync(settings.Current.StoreTimeout, time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (IsFailure(failure, cancellationToken))
        {
            return OnFailure(failure);
        }
    }

    private static bool IsFailure(Exception failure, CancellationToken cancellationToken) =>
        failure is not BudgetGuardUnavailableException and not BudgetHoldConflictException
        && !(failure is OperationCanceledException && cancellationToken.IsCancellationRequested);

    private BudgetDecision OnFailure(Exception failure)
    {
        failures.Report(FailureKind.Policy, failure);
        if (!settings.Current.FailOpen)
        {
            throw new BudgetGuardUnavailableException("Budget guard unavailable", failure);
        }

        metrics.PassedUncounted();
        return BudgetDecision.AllowUncounted();
    }
}
