using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Rig;

/// <summary>The sum of one counter of one app's guard, from when it was made.</summary>
internal sealed class CountedMetric : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _sum;

    public CountedMetric(GuardedApp app, string name)
    {
        IMeterFactory meters = app.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == name && ReferenceEquals(instrument.Meter.Scope, meters))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, measurement, _, _) => Interlocked.Add(ref _sum, measurement));
        _listener.Start();
    }

    public long Sum => Interlocked.Read(ref _sum);

    public void Dispose() => _listener.Dispose();
}
