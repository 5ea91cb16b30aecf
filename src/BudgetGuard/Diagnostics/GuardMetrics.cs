using System.Diagnostics;
using System.Diagnostics.Metrics;
using BudgetGuard.Accounting;

namespace BudgetGuard.Diagnostics;

/// <summary>The meter <c>BudgetGuard</c>. Tags are budgets, decisions, operations and stores; never user ids.</summary>
internal sealed class GuardMetrics : IDisposable
{
    public const string MeterName = "BudgetGuard";

    private readonly Meter _meter;
    private readonly Counter<long> _decisions;
    private readonly Histogram<double> _decisionDuration;
    private readonly Histogram<double> _trackerDuration;
    private readonly Counter<double> _cost;
    private readonly Counter<double> _overshoot;
    private readonly Counter<long> _alerts;
    private readonly Counter<long> _alertsDropped;
    private readonly Counter<long> _alertsFailed;
    private readonly Counter<long> _alertsFolded;
    private readonly Counter<long> _alertsRetried;
    private readonly Counter<long> _alertsSent;
    private readonly Counter<long> _alertsToldElsewhere;
    private readonly Histogram<double> _alertDuration;
    private readonly Counter<long> _uncounted;
    private readonly Counter<long> _reloads;
    private readonly Counter<long> _overflows;

    public GuardMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _decisions = _meter.CreateCounter<long>("budgetguard.decisions", "{request}", "Decisions on guarded requests.");
        _decisionDuration = _meter.CreateHistogram(
            "budgetguard.decision.duration", "s", "Time to identify, estimate and decide.", advice: Microseconds);
        _trackerDuration = _meter.CreateHistogram(
            "budgetguard.tracker.duration", "s", "Time of one step of the store.", advice: Microseconds);
        _cost = _meter.CreateCounter<double>("budgetguard.cost", "{USD}", "Settled cost, once for each request.");
        _overshoot = _meter.CreateCounter<double>("budgetguard.overshoot", "{USD}", "Settled cost above its hold that took a budget over its limit.");
        _alerts = _meter.CreateCounter<long>("budgetguard.alerts", "{alert}", "Alerts raised.");
        _alertsDropped = _meter.CreateCounter<long>("budgetguard.alerts.dropped", "{alert}", "Alerts dropped because the queue was full or the app stopped.");
        _alertsFailed = _meter.CreateCounter<long>("budgetguard.alerts.failed", "{send}", "Alerts that one sink did not deliver in any attempt.");
        _alertsFolded = _meter.CreateCounter<long>("budgetguard.alerts.folded", "{alert}", "Alerts that one sink is told of in a digest.");
        _alertsRetried = _meter.CreateCounter<long>("budgetguard.alerts.retried", "{attempt}", "Attempts of one sink that were repeated.");
        _alertsSent = _meter.CreateCounter<long>("budgetguard.alerts.sent", "{send}", "Alerts that one sink delivered.");
        _alertsToldElsewhere = _meter.CreateCounter<long>("budgetguard.alerts.told_elsewhere", "{alert}", "Alerts that had been claimed before.");
        _alertDuration = _meter.CreateHistogram<double>("budgetguard.alerts.duration", "s", "Time one sink took to deliver an alert, retries included.");
        _uncounted = _meter.CreateCounter<long>("budgetguard.uncounted", "{request}", "Requests that passed uncounted because the store failed.");
        _reloads = _meter.CreateCounter<long>("budgetguard.reloads", "{reload}", "Reloads of settings and prices, by outcome.");
        _overflows = _meter.CreateCounter<long>("budgetguard.partitions.overflows", "{window}", "Windows in which a budget had more partitions than it tracks.");
    }

    private static InstrumentAdvice<double> Microseconds => new() { HistogramBucketBoundaries = [1e-6, 2e-6, 5e-6, 1e-5, 5e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.25, 1] };

    /// <summary>True if somebody listens to the decision duration: only then is the clock read.</summary>
    public bool TimesDecisions => _decisionDuration.Enabled;

    /// <summary>True if somebody listens to the tracker duration: only then is the clock read.</summary>
    public bool TimesTracker => _trackerDuration.Enabled;

    /// <summary>True if somebody listens to decisions: only then is it worked out what to tell of one.</summary>
    public bool CountsDecisions => _decisions.Enabled;

    /// <summary>Watches the number of open holds.</summary>
    public void ObserveHolds(Func<long> openHolds) =>
        _meter.CreateObservableUpDownCounter("budgetguard.holds", openHolds, "{hold}", "Holds that are open now.");

    /// <summary>Watches how much of each budget is used.</summary>
    public void ObserveUtilization(Func<IEnumerable<BudgetUtilization>> read) => _meter.CreateObservableGauge(
        "budgetguard.budget.utilization",
        () => read().Select(static budget => new Measurement<double>(
            (double)budget.Used / budget.Limit, new KeyValuePair<string, object?>("budgetguard.budget", budget.Budget))),
        "1",
        "Settled, held and owed as a share of the limit; of a budget that is split, that of its fullest account.");

    public void Decided(DecisionKind kind, string? budget, string operation) => _decisions.Add(
        1,
        new KeyValuePair<string, object?>("budgetguard.decision", Name(kind)),
        new KeyValuePair<string, object?>("budgetguard.budget", budget),
        new KeyValuePair<string, object?>("budgetguard.operation", operation));

    public void DecisionTook(TimeSpan duration, DecisionKind kind) =>
        _decisionDuration.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("budgetguard.decision", Name(kind)));

    /// <summary>One step of the tracker: hold, settle, adjust, release or read.</summary>
    public void TrackerTook(TimeSpan duration, string step, ICostTracker tracker) => _trackerDuration.Record(
        duration.TotalSeconds,
        new KeyValuePair<string, object?>("budgetguard.step", step),
        new KeyValuePair<string, object?>("budgetguard.store", tracker is InMemoryCostTracker ? "memory" : tracker.GetType().Name));

    public void Settled(Money cost, string operation)
    {
        if (_cost.Enabled)
        {
            _cost.Add((double)cost.Usd, new KeyValuePair<string, object?>("budgetguard.operation", operation));
        }
    }

    public void Overshot(string budget, Money amount) =>
        _overshoot.Add((double)amount.Usd, new KeyValuePair<string, object?>("budgetguard.budget", budget));

    public void Alerted(string type, string? budget) =>
        _alerts.Add(1, new KeyValuePair<string, object?>("budgetguard.alert.type", type), new KeyValuePair<string, object?>("budgetguard.budget", budget));

    /// <summary>Alerts nobody is told; without a sink they did not reach the sinks.</summary>
    public void AlertsDropped(string? sink, int count) => _alertsDropped.Add(count, Sink(sink));

    public void AlertFailed(string sink) => _alertsFailed.Add(1, Sink(sink));

    public void AlertFolded(string sink) => _alertsFolded.Add(1, Sink(sink));

    public void AlertRetried(string sink) => _alertsRetried.Add(1, Sink(sink));

    public void AlertToldElsewhere() => _alertsToldElsewhere.Add(1);

    public void AlertSent(string sink, string type, TimeSpan took)
    {
        _alertsSent.Add(1, Sink(sink), new KeyValuePair<string, object?>("budgetguard.alert.type", type));
        _alertDuration.Record(took.TotalSeconds, Sink(sink));
    }

    public void PassedUncounted() => _uncounted.Add(1);

    public void Reloaded(bool success) => Reloaded("settings", success);

    public void PricesReloaded(bool success) => Reloaded("prices", success);

    public void Overflowed(string budget) => _overflows.Add(1, new KeyValuePair<string, object?>("budgetguard.budget", budget));

    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Sink(string? name) => new("budgetguard.alert.sink", name);

    private void Reloaded(string what, bool success) => _reloads.Add(
        1,
        new KeyValuePair<string, object?>("budgetguard.reload.of", what),
        new KeyValuePair<string, object?>("budgetguard.reload.outcome", success ? "applied" : "refused"));

    private static string Name(DecisionKind kind) => DecisionNames.Of(kind);
}

/// <summary>The names of decisions as answers, logs and metrics write them.</summary>
internal static class DecisionNames
{
    public static string Of(DecisionKind kind) => kind switch
    {
        DecisionKind.Throttle => "throttle",
        DecisionKind.Reject => "reject",
        _ => "allow",
    };
}

/// <summary>The activity source <c>BudgetGuard</c>.</summary>
internal static class GuardActivities
{
    public static ActivitySource Source { get; } = new("BudgetGuard");
}
