using System.Diagnostics;
using BudgetGuard.Alerts;
using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;

namespace BudgetGuard.Policy;

/// <summary>Asks the policy on behalf of a request: measured, bounded, and with an answer for a policy that fails.</summary>
internal sealed class Admission(
    IBudgetPolicy policy, GuardMetrics metrics, FailureLog failures, AlertQueue alerts, SettingsSource settings, TimeProvider time)
{
    // The guard's own policy bounds its waits itself and gives back a hold that comes too late.
    private readonly bool _boundsItself = policy is CachedBudgetPolicy or BudgetPolicy;

    /// <exception cref="BudgetGuardUnavailableException">The policy or the store failed, and a budget of the request is closed on failure.</exception>
    public ValueTask<BudgetDecision> DecideAsync(BudgetRequest request, CancellationToken cancellationToken)
    {
        if (metrics.TimesDecisions || GuardActivities.Source.HasListeners() || !settings.Current.AsyncProcessing)
        {
            return ObserveAsync(request, cancellationToken);
        }

        ValueTask<BudgetDecision> asked = AskAsync(request, cancellationToken);
        if (!asked.IsCompletedSuccessfully)
        {
            return CountAsync(asked, request.Operation);
        }

        BudgetDecision decision = asked.Result;
        metrics.Decided(decision, request.Operation);
        return new ValueTask<BudgetDecision>(decision);
    }

    private async ValueTask<BudgetDecision> CountAsync(ValueTask<BudgetDecision> asked, string operation)
    {
        BudgetDecision decision = await asked.ConfigureAwait(false);
        metrics.Decided(decision, operation);
        return decision;
    }

    private async ValueTask<BudgetDecision> ObserveAsync(BudgetRequest request, CancellationToken cancellationToken)
    {
        using Activity? activity = GuardActivities.Source.StartActivity("budgetguard.decide");
        long started = metrics.TimesDecisions ? time.GetTimestamp() : 0;
        BudgetDecision decision = await CountAsync(AskAsync(request, cancellationToken), request.Operation).ConfigureAwait(false);
        if (started != 0)
        {
            metrics.DecisionTook(time.GetElapsedTime(started), decision.Kind);
        }

        if (activity is not null)
        {
            activity.SetTag("budgetguard.decision", DecisionNames.Of(decision.Kind));
            activity.SetTag("budgetguard.budget", decision.Budget);
            activity.SetTag("budgetguard.operation", request.Operation);
        }

        if (!settings.Current.AsyncProcessing)
        {
            await alerts.WhenSentAsync().ConfigureAwait(false);
        }

        return decision;
    }

    private ValueTask<BudgetDecision> AskAsync(BudgetRequest request, CancellationToken cancellationToken)
    {
        ValueTask<BudgetDecision> answer;
        try
        {
            answer = policy.DecideAsync(request, cancellationToken);
        }
        catch (Exception failure) when (IsFailure(failure, cancellationToken))
        {
            return new ValueTask<BudgetDecision>(OnFailure(failure));
        }

        return answer.IsCompletedSuccessfully ? answer : AwaitAsync(answer, cancellationToken);
    }

    private async ValueTask<BudgetDecision> AwaitAsync(ValueTask<BudgetDecision> answer, CancellationToken cancellationToken)
    {
        try
        {
            return _boundsItself
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
