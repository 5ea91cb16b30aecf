using BudgetGuard.Identification;
using BudgetGuard.Metering;
using BudgetGuard.Policy;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Api;

/// <summary>
/// One admitted request from its hold to its settlement. It ends exactly once; reports of the app add up until then and beat what was read from the response.
/// </summary>
internal sealed class GuardedRequest(in BudgetSubject subject, string operation, string? model, bool modelIsOnlyClaimed, IReadOnlyList<string> requiredBudgets)
    : BudgetRequest(subject, operation, model, modelIsOnlyClaimed, requiredBudgets), IBudgetGuardFeature
{
    private Settler _settler = null!;
    private HoldId _holdId;
    private AccountSet? _accounts;
    private long _remainingNanos;
    private bool _knowsRemaining;
    private bool _isUncounted;
    private RequestReports? _reports;
    private Metered? _metered;
    private bool _isSettled;
    private long _inputTokens;
    private bool _isCutShort;

    BudgetRequest IBudgetGuardFeature.Request => this;

    public BudgetDecision Decision =>
        _isUncounted ? BudgetDecision.AllowUncounted() : BudgetDecision.AllowWith(Hold, Budget, Remaining, Shadow);

    /// <summary>As <see cref="BudgetDecision.Budget"/>.</summary>
    public string? Budget { get; private set; }

    /// <summary>As <see cref="BudgetDecision.Shadow"/>.</summary>
    public Denial? Shadow { get; private set; }

    public Money? Remaining => _knowsRemaining ? Money.FromNanos(_remainingNanos) : null;

    /// <summary>How the stream that answers it grows its hold; null where the whole estimate is held.</summary>
    public StreamHold? Stream { get; set; }

    internal override Charge Estimated => Stream?.Estimate ?? KnownAmount;

    /// <summary>Takes on the allow that admitted it.</summary>
    public void Admit(Settler settler, in Grant grant)
    {
        Account tightest = grant.Tightest;
        _settler = settler;
        _holdId = grant.Hold.Id;
        _accounts = grant.Accounts;
        Budget = tightest.Terms.Name;
        _knowsRemaining = tightest.Terms.Unit == BudgetUnit.Usd;
        _remainingNanos = grant.Hold.Remaining;
    }

    /// <summary>Takes on the allow that admitted it.</summary>
    public void Admit(Settler settler, in BudgetDecision decision)
    {
        _settler = settler;
        _holdId = decision.Hold.Id;
        _accounts = decision.Hold.Accounts;
        Budget = decision.Budget;
        Shadow = decision.Shadow;
        _knowsRemaining = decision.Remaining is not null;
        _remainingNanos = decision.Remaining.GetValueOrDefault().Nanos;
        _isUncounted = decision.IsUncounted;
    }

    /// <summary>True if the endpoint has a price of its own, whatever a model costs that it asks.</summary>
    public bool HasFixedCost { get; set; }

    /// <summary>The endpoint that the guard saw last; an endpoint that it did not see must not run.</summary>
    public Endpoint? SeenEndpoint { get; set; }

    /// <summary>What the request is charged now: the settlement once there is one, else the estimate.</summary>
    public Charge Charged => _metered?.Charge ?? Estimated;

    private Hold Hold => new(_holdId, _accounts!, KnownAmount);

    public void ReportUsage(TokenUsage usage)
    {
        ArgumentNullException.ThrowIfNull(usage);
        Charge charge = _settler.CostOf(usage, this);
        Interlocked.Add(ref _inputTokens, usage.InputTokens);
        Report(charge.Cost, charge.Tokens);
    }

    public void ReportCost(decimal usd)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(usd);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(usd, Money.MaxUsd);
        Report(Money.FromUsd(usd), null);
    }

    public void ReportCutShort()
    {
        if (ReferenceEquals(Volatile.Read(ref _reports), RequestReports.Ended))
        {
            throw new InvalidOperationException("The request has ended.");
        }

        Volatile.Write(ref _isCutShort, true);
    }

    /// <summary>
    /// Settles at the usage read from the response, or at what was reported so far; called before the last bytes go on, so that whoever reads the balance
    /// after the answer sees it.
    /// </summary>
    public async ValueTask SettleAtUsageAsync(TokenUsage usage)
    {
        RequestReports? reports = Volatile.Read(ref _reports);
        if (_metered is null && !ReferenceEquals(reports, RequestReports.Ended))
        {
            Charge told = AtItsPrice(_settler.CostOf(usage, this));
            _metered = new Metered(reports?.Sum(told.Tokens) ?? told);
            Interlocked.Add(ref _inputTokens, reports is null ? usage.InputTokens : 0);
            _isSettled = await _settler.TrySettleAsync(Hold, _metered.Charge).ConfigureAwait(false);
        }
    }

    /// <summary>Ends the request: reports decide, else what was metered, else how it ended. Never throws.</summary>
    /// <param name="outcome">How it ended.</param>
    /// <param name="stream">What was read of a stream that did not tell all of its usage.</param>
    /// <param name="call">The model call, if it is one.</param>
    public ValueTask EndAsync(RequestOutcome outcome, in StreamReading? stream = null, ModelCall? call = null)
    {
        RequestReports? reports = Interlocked.Exchange(ref _reports, RequestReports.Ended);
        if (ReferenceEquals(reports, RequestReports.Ended))
        {
            return ValueTask.CompletedTask;
        }

        if (Volatile.Read(ref _isCutShort))
        {
            outcome = RequestOutcome.CutShort;
        }

        Charge estimate = Estimated;
        Charge? told = _metered?.Charge;
        if (told is null && stream is { } reading && call is not null && _settler.ChargeOf(reading, call, this, outcome) is { } read)
        {
            told = AtItsPrice(read);
        }

        Charge actual = _settler.ChargeOf(reports, told, estimate, outcome);
        _settler.Count(this, _accounts, actual, Interlocked.Read(ref _inputTokens));
        if (_metered is not { } metered)
        {
            _metered = actual == estimate ? null : new Metered(actual);
            return _settler.SettleAsync(Hold, actual);
        }

        if (metered.Charge == actual)
        {
            // A store that refused it while the answer went out may be back.
            return _isSettled ? ValueTask.CompletedTask : _settler.SettleAsync(Hold, actual);
        }

        _metered = new Metered(actual);
        return _settler.AdjustAsync(Hold, metered.Charge, actual);
    }

    /// <summary>Adds to the hold; never throws, and waits no longer than the store may take.</summary>
    public async ValueTask<HoldExtension> ExtendAsync(Charge more)
    {
        if (_accounts is null)
        {
            return HoldExtension.Granted;
        }

        HoldExtension answer = await _settler.ExtendAsync(Hold, more).ConfigureAwait(false);
        if (answer.IsGranted)
        {
            Amount = new Charge(KnownAmount.Cost + more.Cost, KnownAmount.Tokens + more.Tokens, KnownAmount.Requests);
        }

        return answer;
    }

    /// <summary>Ends a request that never reached what costs: nothing is charged in any unit. Never throws.</summary>
    public ValueTask ReleaseAsync()
    {
        if (ReferenceEquals(Interlocked.Exchange(ref _reports, RequestReports.Ended), RequestReports.Ended) || _metered is not null)
        {
            return ValueTask.CompletedTask;
        }

        _settler.CountNothing(this);
        return _settler.ReleaseAsync(Hold);
    }

    private Charge AtItsPrice(in Charge charge) => HasFixedCost ? charge with { Cost = KnownAmount.Cost } : charge;

    private void Report(Money cost, long? tokens)
    {
        RequestReports reports = Volatile.Read(ref _reports)
            ?? Interlocked.CompareExchange(ref _reports, new RequestReports(), null)
            ?? Volatile.Read(ref _reports)!;
        reports.Add(cost, tokens);
    }

    private sealed record Metered(Charge Charge);
}
