using System.Collections.Immutable;
using BudgetGuard.Accounting;
using BudgetGuard.Alerts.Delivery;

namespace BudgetGuard.Alerts.Raising;

/// <summary>What an account told, to be written as an alert where no request waits for it.</summary>
internal sealed class AccountAlert(string type, in AccountEvent accountEvent, DateTimeOffset at) : IQueuedAlert
{
    private readonly AccountEvent _event = accountEvent;

    /// <summary>The type of what is told, or is over.</summary>
    public static string NoticeTypeOf(in AccountEvent accountEvent) => accountEvent.Notice switch
    {
        NoticeKind.Threshold => AlertTypes.ThresholdReached,
        NoticeKind.Forecast => AlertTypes.ForecastExceeded,
        NoticeKind.HeldByOthers => AlertTypes.ThrottlingActivated,
        _ => accountEvent.Throttles ? AlertTypes.ThrottlingActivated : AlertTypes.BudgetExceeded,
    };

    public BudgetAlert Write()
    {
        BudgetTerms terms = _event.Account.Terms;
        AccountState state = _event.State;
        decimal limit = terms.Unit.InUnit(_event.Account.Limit);
        decimal used = terms.Unit.InUnit(terms.Unit == BudgetUnit.Concurrency ? state.Held : state.Settled + state.Debt);

        // Who happened to ask says nothing of an account that many share.
        ImmutableArray<string?> partition = _event.IsShared ? [] : _event.Account.Key.Partition;
        bool isSpike = type == AlertTypes.CostSpike;
        bool isRecovery = type == AlertTypes.Recovered;
        string told = isRecovery ? NoticeTypeOf(_event) : type;
        AlertClaim claim = ClaimOf(isRecovery ? told : null, partition);
        AlertIds ids = AlertIds.Of(claim, isSpike ? type + ":" + claim.Subject : told);
        return new BudgetAlert
        {
            Id = ids.Id,
            IncidentKey = ids.Incident,
            Type = type,
            Severity = Severity(),
            At = at,
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
            Forecast = type == AlertTypes.ForecastExceeded ? terms.Unit.InUnit(_event.Amount) : null,
            Amount = isSpike ? terms.Unit.InUnit(_event.Amount) : null,
            Expected = isSpike ? terms.Unit.InUnit(_event.Expected) : null,
            Model = isRecovery ? null : _event.Model,
            Operation = isRecovery ? null : _event.Operation,
            Recovers = isRecovery ? told : null,
            Message = AccountSentence.Of(type, told, _event, partition, used, limit),
            Claim = claim,
        };
    }

    // A budget that denies nobody is never critical.
    private AlertSeverity Severity() =>
        type == AlertTypes.BudgetExceeded && !_event.Account.Terms.Enforced ? AlertSeverity.Warning : AlertSeverities.Of(type, _event.Threshold);

    private AlertClaim ClaimOf(string? recovers, ImmutableArray<string?> partition)
    {
        Account account = _event.Account;
        bool isSpike = type == AlertTypes.CostSpike;

        // Spikes have no window of their own: once an hour is what a claim sees to.
        long since = isSpike ? _event.Since - (_event.Since % TimeSpan.TicksPerHour) : _event.Since;
        DateTimeOffset? until = isSpike ? new DateTimeOffset(since, TimeSpan.Zero).AddHours(1) : _event.State.ResetsAt;
        return new AlertClaim
        {
            Type = type,
            Account = _event.IsShared ? new Account(account.Terms, partition, account.Limit) : account,
            Subject = isSpike ? _event.IsMinute ? AlertTypes.MinuteSpike : AlertTypes.RequestSpike : recovers,
            Threshold = !isSpike && _event.Notice is NoticeKind.Threshold or NoticeKind.Forecast ? _event.Threshold : 0,
            WindowStart = since > 0 ? new DateTimeOffset(since, TimeSpan.Zero) : null,
            Round = _event.Round,
            Until = until is { } end && end < DateTimeOffset.MaxValue - AlertRaiser.Memory ? end + AlertRaiser.Memory : null,
        };
    }
}
