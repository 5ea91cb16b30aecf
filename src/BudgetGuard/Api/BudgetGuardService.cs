using BudgetGuard.Accounting;
using BudgetGuard.Configuration;
using BudgetGuard.Estimation;
using BudgetGuard.Identification;
using BudgetGuard.Metering;
using BudgetGuard.Policy;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Api;

/// <summary>The guard without HTTP: the same policy, the same settler.</summary>
internal sealed class BudgetGuardService(
    Admission admission, BudgetPolicy policy, ICostTracker tracker, Settler settler, ModelCosts costs, SettingsSource settings, TimeProvider time) : IBudgetGuard
{
    public async ValueTask<BudgetLease> BeginAsync(BudgetRequest request, CancellationToken cancellationToken = default)
    {
        long started = admission.Start();
        GuardedRequest complete = Complete(request);
        BudgetDecision decision = settings.Current.EnableBudgetMonitoring
            ? await admission.DecideAsync(complete, started, cancellationToken).ConfigureAwait(false)
            : BudgetDecision.Allow();
        if (!decision.IsAllowed)
        {
            return new BudgetLease(decision);
        }

        complete.Admit(settler, decision);
        return new BudgetLease(complete);
    }

    public async ValueTask<IReadOnlyList<BudgetBalance>> ReadAsync(BudgetRequest request, CancellationToken cancellationToken = default)
    {
        GuardSettings current = settings.Current;
        AccountSet set = policy.Match(Complete(request), current).Accounts;
        var balances = new List<BudgetBalance>(set.Accounts.Length);
        foreach (Account account in set.Accounts)
        {
            AccountState state;
            try
            {
                state = await tracker.ReadAsync(account, cancellationToken).AsTask().WaitAsync(current.StoreTimeout, time, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (!(failure is OperationCanceledException && cancellationToken.IsCancellationRequested))
            {
                throw new BudgetGuardUnavailableException("Budget guard unavailable", failure);
            }

            balances.Add(Balance(account, state));
        }

        return balances;
    }

    /// <summary>The request with a checked subject and an amount to hold.</summary>
    private GuardedRequest Complete(BudgetRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            BudgetSubject subject = request.Subject;
            SubjectRules.Check(ref subject);
            SubjectRules.Check("operation", request.Operation);
            SubjectRules.Check("model", request.Model);
            CheckRequired(request.RequiredBudgets);
            return new GuardedRequest(
                subject,
                string.IsNullOrEmpty(request.Operation) ? BudgetRequest.DefaultOperation : request.Operation,
                request.Model,
                modelIsOnlyClaimed: false,
                [.. request.RequiredBudgets])
            {
                Id = request.Id,
                Amount = request.Amount ?? new Charge(
                    costs.FlatCostOf(request.Model) ?? throw new ArgumentException($"The model '{request.Model}' has no price; give an estimate.", nameof(request))),
            };
        }
        catch (BadHttpRequestException fault)
        {
            throw new ArgumentException(fault.Message, nameof(request), fault);
        }
    }

    private void CheckRequired(IReadOnlyList<string> names)
    {
        foreach (string name in names)
        {
            if (!settings.Current.Budgets.Any(rule => string.Equals(rule.Terms.Name, name, StringComparison.OrdinalIgnoreCase)))
            {
                throw new BadHttpRequestException($"The budget '{name}' is not configured.");
            }
        }
    }

    private static BudgetBalance Balance(Account account, in AccountState state)
    {
        BudgetUnit unit = account.Terms.Unit;
        return new BudgetBalance(
            account.Terms.Name,
            unit,
            unit.InUnit(state.Limit),
            unit.InUnit(state.Settled),
            unit.InUnit(state.Held),
            unit.InUnit(state.Debt),
            state.ResetsAt);
    }
}
