using System.Collections.Immutable;
using System.Globalization;
using BudgetGuard.Accounting;
using BudgetGuard.Diagnostics;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Alerts.Raising;

/// <summary>Turns what accounts tell into alerts, metrics and log lines.</summary>
internal sealed class AccountAlerts(AlertRaiser alerts, GuardMetrics metrics, TimeProvider time, ILogger<AccountAlerts> logger)
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
                    $"{Percent(accountEvent.Threshold)} reached",
                    accountEvent);
                break;
            case AccountEventKind.Refused:
                Refused(accountEvent);
                break;
            case AccountEventKind.Forecast:
                Raise(AlertTypes.ForecastExceeded, AlertSeverity.Warning, Foretold(accountEvent), accountEvent);
                break;
            case AccountEventKind.Spiked:
                Raise(AlertTypes.CostSpike, AlertSeverity.Warning, Spiked(accountEvent), accountEvent);
                break;
            case AccountEventKind.Recovered:
                Raise(AlertTypes.Recovered, AlertSeverity.Information, $"{TypeOf(accountEvent)} is over", accountEvent);
                break;
        }
    }

    /// <summary>What a unit is called in a sentence.</summary>
    public static string NameOf(BudgetUnit unit) => unit switch
    {
        BudgetUnit.Usd => "USD",
        BudgetUnit.Tokens => "tokens",
        BudgetUnit.Requests => "requests",
        _ => "requests in flight",
    };

    private static string Percent(decimal share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.##} %");

    private static string Foretold(in AccountEvent accountEvent)
    {
        BudgetUnit unit = accountEvent.Account.Terms.Unit;
        string gone = accountEvent.GoneBy is { } at ? string.Create(CultureInfo.InvariantCulture, $", at this rate gone by {at:yyyy-MM-dd HH:mm} UTC") : string.Empty;
        return string.Create(CultureInfo.InvariantCulture, $"{unit.InUnit(accountEvent.Amount)} {NameOf(unit)} forecast{gone}");
    }

    private static string Spiked(in AccountEvent accountEvent)
    {
        BudgetUnit unit = accountEvent.Account.Terms.Unit;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"one {(accountEvent.IsMinute ? "minute" : "request")} used {unit.InUnit(accountEvent.Amount)}, usual are {unit.InUnit(accountEvent.Expected)} {NameOf(unit)}");
    }

    /// <summary>The type of what is told, or is over.</summary>
    private static string TypeOf(in AccountEvent accountEvent) => accountEvent.Notice switch
    {
        NoticeKind.Threshold => AlertTypes.ThresholdReached,
        NoticeKind.Forecast => AlertTypes.ForecastExceeded,
        NoticeKind.HeldByOthers => AlertTypes.ThrottlingActivated,
        _ => accountEvent.Throttles ? AlertTypes.ThrottlingActivated : AlertTypes.BudgetExceeded,
    };

    private void Refused(in AccountEvent accountEvent)
    {
        BudgetTerms terms = accountEvent.Account.Terms;
        bool waits = accountEvent.Notice == NoticeKind.HeldByOthers && terms.Unit == BudgetUnit.Concurrency;
        if (accountEvent.Notice != NoticeKind.Exceeded && !waits)
        {
            return;
        }

        string type = TypeOf(accountEvent);
        bool throttles = type == AlertTypes.ThrottlingActivated;
        Raise(
            type,
            throttles || !terms.Enforced ? AlertSeverity.Warning : AlertSeverity.Critical,
            !terms.Enforced ? "its limit is exceeded, no request is denied" : throttles ? "requests are throttled" : "requests are rejected",
            accountEvent);
    }

    private void Raise(string type, AlertSeverity severity, string what, in AccountEvent accountEvent)
    {
        Account account = accountEvent.Account;
        BudgetTerms terms = account.Terms;
        AccountState state = accountEvent.State;
        decimal limit = terms.Unit.InUnit(account.Limit);
        decimal used = terms.Unit.InUnit(terms.Unit == BudgetUnit.Concurrency ? state.Held : state.Settled + state.Debt);

        // Who happened to ask says nothing of an account that many share.
        ImmutableArray<string?> partition = accountEvent.IsShared ? [] : account.Key.Partition;
        bool isSpike = type == AlertTypes.CostSpike;
        bool isRecovery = type == AlertTypes.Recovered;
        string told = isRecovery ? TypeOf(accountEvent) : type;
        AlertClaim claim = ClaimOf(type, isRecovery ? told : null, accountEvent, partition);
        alerts.Raise(new BudgetAlert
        {
            Id = AlertIds.IdOf(claim),
            IncidentKey = AlertIds.IncidentOf(claim, isSpike ? type + ":" + claim.Subject : told),
            Type = type,
            Severity = severity,
            At = time.GetUtcNow(),
            Budget = terms.Name,
            Unit = terms.Unit,
            Per = partition.IsEmpty ? [] : terms.Per,
            Partition = partition,
            WindowStart = state.WindowStart,
            ResetsAt = state.ResetsAt,
            Threshold = claim.Threshold > 0 ? claim.Threshold : null,
            Limit = limit,
            Used = used,
            Utilization = limit == 0 ? 0 : used / limit,
            Forecast = type == AlertTypes.ForecastExceeded ? terms.Unit.InUnit(accountEvent.Amount) : null,
            Amount = isSpike ? terms.Unit.InUnit(accountEvent.Amount) : null,
            Expected = isSpike ? terms.Unit.InUnit(accountEvent.Expected) : null,
            Recovers = isRecovery ? told : null,
            Message = string.Create(CultureInfo.InvariantCulture, $"Budget {terms.Name}{Whom(partition)}: {what}, {used} of {limit} {NameOf(terms.Unit)} used"),
            Claim = claim,
        });
    }

    private static AlertClaim ClaimOf(string type, string? recovers, in AccountEvent accountEvent, ImmutableArray<string?> partition)
    {
        Account account = accountEvent.Account;
        bool isSpike = type == AlertTypes.CostSpike;

        // Spikes have no window of their own: once an hour is what a claim sees to.
        long since = isSpike ? accountEvent.Since - (accountEvent.Since % TimeSpan.TicksPerHour) : accountEvent.Since;
        DateTimeOffset? until = isSpike ? new DateTimeOffset(since, TimeSpan.Zero).AddHours(1) : accountEvent.State.ResetsAt;
        return new AlertClaim
        {
            Type = type,
            Account = accountEvent.IsShared ? new Account(account.Terms, partition, account.Limit) : account,
            Subject = isSpike ? accountEvent.IsMinute ? AlertTypes.MinuteSpike : AlertTypes.RequestSpike : recovers,
            Threshold = accountEvent.Notice is NoticeKind.Threshold or NoticeKind.Forecast && !isSpike ? accountEvent.Threshold : 0,
            WindowStart = since > 0 ? new DateTimeOffset(since, TimeSpan.Zero) : null,
            Round = accountEvent.Round,
            Until = until is { } end && end < DateTimeOffset.MaxValue - AlertRaiser.Memory ? end + AlertRaiser.Memory : null,
        };
    }

    /// <summary>The partition in brackets; models are client text that nobody has checked.</summary>
    private static string Whom(ImmutableArray<string?> partition) =>
        partition.IsEmpty ? string.Empty : $" ({string.Join(", ", partition.Select(static value => value is null ? "none" : GuardLog.Printable(value)))})";
}
