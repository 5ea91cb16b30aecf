using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using BudgetGuard.Tests.Rig;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Diagnostics;

/// <summary>One measurement; its tags are written <c>key=value</c>, sorted, joined by spaces.</summary>
internal readonly record struct Measured(string Instrument, double Value, string Tags);

/// <summary>Listens to the guard's meter of one app, to all instruments or to some.</summary>
internal sealed class Meters : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<Measured> _all = [];
    private readonly ConcurrentDictionary<string, Instrument> _instruments = [];

    public Meters(GuardedApp app, params string[] only)
    {
        IMeterFactory factory = app.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "BudgetGuard" && ReferenceEquals(instrument.Meter.Scope, factory)
                && (only.Length == 0 || only.Contains(instrument.Name)))
            {
                _instruments[instrument.Name] = instrument;
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
    }

    public IReadOnlyCollection<Instrument> Instruments => [.. _instruments.Values];

    public IReadOnlyCollection<Measured> All => _all;

    /// <summary>What one instrument measured.</summary>
    public Measured[] Of(string instrument) => [.. _all.Where(measured => measured.Instrument == instrument)];

    /// <summary>Reads an instrument that is only observed.</summary>
    public double Observe(string instrument)
    {
        _listener.RecordObservableInstruments();
        return Of(instrument)[^1].Value;
    }

    public void Dispose() => _listener.Dispose();

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _all.Enqueue(new Measured(instrument.Name, value, string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}").Order(StringComparer.Ordinal))));
}
