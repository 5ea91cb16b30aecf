using System.Globalization;
using BudgetGuard.Accounting;
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
                break;
            case AccountEventKind.ThresholdReached:
                Raise(AlertTypes.ThresholdReached, AlertSeverity.Warning, accountEvent);
                break;
            case AccountEventKind.Refused when accountEvent.Refusal is { ExceedsLimit: false, IsHeldByOthers: false }:
                bool throttles = terms.OnExceeded == BudgetAction.Throttle;
                Raise(
                    throttles ? AlertTypes.ThrottlingActivated : AlertTypes.BudgetExceeded,
                    throttles ? AlertSeverity.Warning : AlertSeverity.Critical,
                    accountEvent);
                break;
        }
    }

    private void Raise(string type, AlertSeverity severity, in AccountEvent accountEvent)
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
        bool isThreshold = type == AlertTypes.ThresholdReached;
        queue.Enqueue(new BudgetAlert
        {
            Id = Guid.CreateVersion7(time.GetUtcNow()),
            Type = type,
            Severity = severity,
            At = time.GetUtcNow(),
            Budget = terms.Name,
            Unit = terms.Unit,
            Partition = account.Key.Partition,
            WindowStart = state.WindowStart,
            ResetsAt = state.ResetsAt,
            Threshold = isThreshold ? accountEvent.Threshold : null,
            Limit = limit,
            Used = used,
            Utilization = limit == 0 ? 0 : used / limit,
            Message = string.Create(CultureInfo.InvariantCulture, $"Budget {terms.Name}: {What(type, accountEvent.Threshold)}, {used} of {limit} {Unit(terms.Unit)} used"),
        });
        metrics.Alerted(type, terms.Name);
    }

    private static string What(string type, decimal threshold) => type switch
    {
        AlertTypes.ThresholdReached => string.Create(CultureInfo.InvariantCulture, $"{threshold * 100:0.##} % reached"),
        AlertTypes.ThrottlingActivated => "requests are throttled",
        _ => "requests are rejected",
    };

    private static string Unit(BudgetUnit unit) => unit switch
    {
        BudgetUnit.Usd => "USD",
        BudgetUnit.Tokens => "tokens",
        BudgetUnit.Requests => "requests",
        _ => "requests in flight",
    };
}
