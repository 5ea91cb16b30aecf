using System.Diagnostics.Metrics;
using BudgetGuard.Tests.Rig;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Alerts.Faults;

/// <summary>What the metrics of one app say of its alerts, by sink.</summary>
internal sealed class SinkBooks : IDisposable
{
    /// <summary>The name of the sum of digests that were sent, which are among those sent.</summary>
    public const string Digests = "digests";

    private readonly MeterListener _listener = new();
    private readonly Dictionary<(string Name, string? Sink), long> _sums = [];
    private readonly GuardedApp _app;

    public SinkBooks(GuardedApp app)
    {
        _app = app;
        IMeterFactory meters = app.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name.StartsWith("budgetguard.alerts", StringComparison.Ordinal) && ReferenceEquals(instrument.Meter.Scope, meters))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, measurement, tags, _) =>
        {
            string? sink = null;
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                sink = tag.Key == "budgetguard.alert.sink" ? (string?)tag.Value : sink;
            }

            bool isDigest = tags.Contains(new KeyValuePair<string, object?>("budgetguard.alert.type", AlertTypes.Digest));
            lock (_sums)
            {
                if (isDigest)
                {
                    _sums[(Digests, sink)] = _sums.GetValueOrDefault((Digests, sink)) + measurement;
                }

                _sums[(instrument.Name, sink)] = _sums.GetValueOrDefault((instrument.Name, sink)) + measurement;
            }
        });
        _listener.Start();
    }

    public long Raised => Sum("budgetguard.alerts", null);

    /// <summary>How many did not even reach the sinks.</summary>
    public long Unseen => Sum("budgetguard.alerts.dropped", null);

    public long Sum(string name, string? sink)
    {
        lock (_sums)
        {
            return _sums.GetValueOrDefault((name, sink));
        }
    }

    /// <summary>Metrics and statuses say the same, and each alert raised became one thing at each sink. For an app that has stopped.</summary>
    public void AssertBalanced()
    {
        IReadOnlyList<AlertSinkStatus> sinks = _app.Services.GetRequiredService<IBudgetAlerts>().Sinks;
        Assert.NotEmpty(sinks);
        foreach (AlertSinkStatus sink in sinks)
        {
            (long, long, long, long, long) told = (sink.Sent, sink.Failed, sink.Retried, sink.Folded, sink.Dropped);
            Assert.Equal(
                (sink.Name, (Of("sent"), Of("failed"), Of("retried"), Of("folded"), Of("dropped"))), (sink.Name, told));
            Assert.Equal((sink.Name, Raised - Unseen), (sink.Name, sink.Sent - Sum(Digests, sink.Name) + sink.Failed + sink.Folded + sink.Dropped));

            long Of(string what) => Sum("budgetguard.alerts." + what, sink.Name);
        }
    }

    public void Dispose() => _listener.Dispose();
}
