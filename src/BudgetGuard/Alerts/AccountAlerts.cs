using System.Collections.Immutable;
using System.Globalization;
using BudgetGuard.Accounting;
using BudgetGuard.Alerts.Delivery;
using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Alerts;

/// <summary>Turns what accounts tell into alerts, metrics and log lines.</summary>
internal sealed class AccountAlerts(SettingsSource settings, AlertQueue queue, GuardMetrics metrics, TimeProvider time, ILogger<AccountAlerts> logger)
    : IAccountEvents
{
    public void Occurred(in AccountEvent accountEvent)
    {
        BudgetTerms terms = accountEvent.Account.Terms;
        switch (accountEvent.Kind)
        {
            case AccountEventKind.Overshot:
                GuardLog.Overshot(logger, terms.Name, accountEvent.Amount);
                if (terms.Unit == BudgetUnit.Usd)
                {
                    metrics.Overshot(terms.Name, Money.FromNanos(accountEvent.Amount));
                }

                break;
            case AccountEventKind.Overflowed:
                GuardLog.PartitionsOverflowed(logger, terms.Name);
                metrics.Overflowed(terms.Name);
                Raise(
                    AlertTypes.PartitionsOverflowed,
                    AlertSeverity.Warning,
                    string.Create(CultureInfo.InvariantCulture, $"more than {terms.MaxTrackedPartitions} partitions, new ones share one account"),
                    accountEvent);
                break;
            case AccountEventKind.ThresholdReached:
                Raise(
                    AlertTypes.ThresholdReached,
                    AlertSeverities.Of(AlertTypes.ThresholdReached, accountEvent.Threshold),
                    string.Create(CultureInfo.InvariantCulture, $"{accountEvent.Threshold * 100:0.##} % reached"),
                    accountEvent);
                break;
            case AccountEventKind.Refused when accountEvent.Refusal is { ExceedsLimit: false, IsHeldByOthers: false } refusal:
                // As the answer is: a throttling budget that never starts anew rejects.
                bool throttles = terms.OnExceeded == BudgetAction.Throttle && refusal.RetryAt is not null;
                Raise(
                    throttles ? AlertTypes.ThrottlingActivated : AlertTypes.BudgetExceeded,
                    throttles || !terms.Enforced ? AlertSeverity.Warning : AlertSeverity.Critical,
                    !terms.Enforced ? "its limit is exceeded, no request is denied" : throttles ? "requests are throttled" : "requests are rejected",
                    accountEvent);
                break;
        }
    }

    private void Raise(string type, AlertSeverity severity, string what, in AccountEvent accountEvent)
    {
        if (!settings.Current.EnableAlerting)
        {
            return;
        }

        Account account = accountEvent.Account;
        BudgetTerms terms = account.Terms;
        AccountState state = accountEvent.State;
        decimal limit = terms.Unit.InUnit(account.Limit);
        decimal used = terms.Unit.InUnit(state.Settled + state.Debt);

        // Who happened to ask says nothing of an account that many share.
        ImmutableArray<string?> partition = accountEvent.IsShared ? [] : account.Key.Partition;
        queue.Enqueue(new BudgetAlert
        {
            Id = Guid.CreateVersion7(time.GetUtcNow()),
            IncidentKey = Guid.CreateVersion7(time.GetUtcNow()).ToString("N"),
            Type = type,
            Severity = severity,
            At = time.GetUtcNow(),
            Budget = terms.Name,
            Unit = terms.Unit,
            Per = partition.IsEmpty ? [] : terms.Per,
            Partition = partition,
            WindowStart = state.WindowStart,
            ResetsAt = state.ResetsAt,
            Threshold = type == AlertTypes.ThresholdReached ? accountEvent.Threshold : null,
            Limit = limit,
            Used = used,
            Utilization = limit == 0 ? 0 : used / limit,
            Message = string.Create(CultureInfo.InvariantCulture, $"Budget {terms.Name}{Whom(partition)}: {what}, {used} of {limit} {Unit(terms.Unit)} used"),
        });
        metrics.Alerted(type, terms.Name);
    }

    /// <summary>The partition in brackets; models are client text that nobody has checked.</summary>
    private static string Whom(ImmutableArray<string?> partition) =>
        partition.IsEmpty ? string.Empty : $" ({string.Join(", ", partition.Select(static value => value is null ? "none" : GuardLog.Printable(value)))})";

    private static string Unit(BudgetUnit unit) => unit switch
    {
        BudgetUnit.Usd => "USD",
        BudgetUnit.Tokens => "tokens",
        BudgetUnit.Requests => "requests",
        _ => "requests in flight",
    };
}
