using System.Collections.Immutable;
using BudgetGuard.Accounting;
using BudgetGuard.Alerts.Delivery;

namespace BudgetGuard.Alerts.Raising;

/// <summary>What an account told, to be written as an alert where no request waits for it.</summary>
internal sealed class AccountAlert(string type, AccountEvent accountEvent, DateTimeOffset at) : IQueuedAlert
{
    private readonly AccountEvent _event = accountEvent;
    private AlertClaim? _claim;
    private BudgetAlert? _written;

    public string Type => type;

    public string? Budget => _event.Account.Terms.Name;

    public DateTimeOffset At => at;

    // A budget that denies nobody is never critical.
    public AlertSeverity Severity =>
        type == AlertTypes.BudgetExceeded && !_event.Account.Terms.Enforced ? AlertSeverity.Warning : AlertSeverities.Of(type, _event.Threshold);

    public decimal? Threshold => IsShare && _event.Threshold > 0 ? _event.Threshold : null;

    public decimal? Utilization => Limit == 0 ? 0 : Used / Limit;

    public string? Recovers => IsRecovery ? NoticeTypeOf(_event) : null;

    public AlertClaim Claim => _claim ??= MakeClaim();

    private bool IsSpike => type == AlertTypes.CostSpike;

    private bool IsRecovery => type == AlertTypes.Recovered;

    private bool IsShare => !IsSpike && _event.Notice is NoticeKind.Threshold or NoticeKind.Forecast;

    private decimal Limit => _event.Account.Terms.Unit.InUnit(_event.Account.Limit);

    private decimal Used
    {
        get
        {
            BudgetUnit unit = _event.Account.Terms.Unit;
            return unit.InUnit(unit == BudgetUnit.Concurrency ? _event.State.Held : _event.State.Settled + _event.State.Debt);
        }
    }

    // Who happened to ask says nothing of an account that many share.
    private ImmutableArray<string?> Partition => _event.IsShared ? [] : _event.Account.Key.Partition;

    /// <summary>The type of what is told, or is over.</summary>
    public static string NoticeTypeOf(AccountEvent accountEvent) => accountEvent.Notice switch
    {
        NoticeKind.Threshold => AlertTypes.ThresholdReached,
        NoticeKind.Forecast => AlertTypes.ForecastExceeded,
        NoticeKind.HeldByOthers => AlertTypes.ThrottlingActivated,
        _ => accountEvent.Throttles ? AlertTypes.ThrottlingActivated : AlertTypes.BudgetExceeded,
    };

    public BudgetAlert Write() => _written ??= Make();

    private BudgetAlert Make()
    {
        BudgetTerms terms = _event.Account.Terms;
        string told = Recovers ?? type;
        AlertIds ids = AlertIds.Of(Claim, IsSpike ? type + ":" + Claim.Subject : told);
        return new BudgetAlert
        {
            Id = ids.Id,
            IncidentKey = ids.Incident,
            Type = type,
            Severity = Severity,
            At = at,
            Budget = terms.Name,
            Unit = terms.Unit,
            Per = Partition.IsEmpty ? [] : terms.Per,
            Partition = Partition,
            WindowStart = _event.State.WindowStart,
            ResetsAt = _event.State.ResetsAt,
            Threshold = Threshold,
            Limit = Limit,
            Used = Used,
            Utilization = Utilization,
            Forecast = type == AlertTypes.ForecastExceeded ? terms.Unit.InUnit(_event.Amount) : null,
            Amount = IsSpike ? terms.Unit.InUnit(_event.Amount) : null,
            Expected = IsSpike ? terms.Unit.InUnit(_event.Expected) : null,
            Model = IsRecovery ? null : _event.Cause?.Model,
            Operation = IsRecovery ? null : _event.Cause?.Operation,
            Recovers = Recovers,
            Message = AccountSentence.Of(type, told, _event, Partition, Used, Limit),
            Claim = Claim,
        };
    }

    private AlertClaim MakeClaim()
    {
        Account account = _event.Account;

        // Spikes have no window of their own: once an hour is what a claim sees to.
        long since = IsSpike ? _event.Since - (_event.Since % TimeSpan.TicksPerHour) : _event.Since;
        DateTimeOffset? until = IsSpike ? new DateTimeOffset(since, TimeSpan.Zero).AddHours(1) : _event.State.ResetsAt;
        return new AlertClaim
        {
            Type = type,
            Account = _event.IsShared ? new Account(account.Terms, [], account.Limit) : account,
            Subject = IsSpike ? _event.IsMinute ? AlertTypes.MinuteSpike : AlertTypes.RequestSpike : Recovers,
            Threshold = IsShare ? _event.Threshold : 0,
            WindowStart = since > 0 ? new DateTimeOffset(since, TimeSpan.Zero) : null,
            Round = _event.Round,
            Until = until is { } end && end < DateTimeOffset.MaxValue - AlertRaiser.Memory ? end + AlertRaiser.Memory : null,
        };
    }
}
