using BudgetGuard.Accounting;
using BudgetGuard.Diagnostics;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Alerts.Raising;

/// <summary>Turns what accounts tell into alerts, metrics and log lines. On the request's way: it only picks the type; the alert is written later.</summary>
internal sealed class AccountAlerts(AlertRaiser alerts, GuardMetrics metrics, TimeProvider time, ILogger<AccountAlerts> logger)
    : IAccountEvents
{
    public void Occurred(AccountEvent accountEvent)
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

                return;
            case AccountEventKind.Overflowed:
                GuardLog.PartitionsOverflowed(logger, terms.Name);
                metrics.Overflowed(terms.Name);
                break;
        }

        if (TypeOf(accountEvent) is { } type)
        {
            alerts.Raise(type, terms.Name, new AccountAlert(type, accountEvent, time.GetUtcNow()));
        }
    }

    private static string? TypeOf(AccountEvent accountEvent) => accountEvent.Kind switch
    {
        AccountEventKind.ThresholdReached => AlertTypes.ThresholdReached,
        AccountEventKind.Forecast => AlertTypes.ForecastExceeded,
        AccountEventKind.Spiked => AlertTypes.CostSpike,
        AccountEventKind.Recovered => AlertTypes.Recovered,
        AccountEventKind.Overflowed => AlertTypes.PartitionsOverflowed,
        AccountEventKind.Refused when IsTold(accountEvent) => AccountAlert.NoticeTypeOf(accountEvent),
        _ => null,
    };

    /// <summary>A request that is too large, or that only waits for what others hold, says nothing of the budget; save where waiting is all that a budget does.</summary>
    private static bool IsTold(AccountEvent accountEvent) =>
        accountEvent.Notice == NoticeKind.Exceeded
        || (accountEvent.Notice == NoticeKind.HeldByOthers && accountEvent.Account.Terms.Unit == BudgetUnit.Concurrency);
}
