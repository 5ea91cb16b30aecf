using System.Diagnostics.Metrics;
using BudgetGuard.Tests.Rig;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Alerts.Faults;

/// <summary>
/// A listener of metrics that does not come back from the first alert that one sink folds. With a sink whose queue is full that is the dispatcher's thread, so that
/// nothing is handed on until it is opened.
/// </summary>
internal sealed class SlowMetrics : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ManualResetEventSlim _gate = new();
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SlowMetrics(GuardedApp app, string sink)
    {
        IMeterFactory meters = app.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "budgetguard.alerts.folded" && ReferenceEquals(instrument.Meter.Scope, meters))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            if (tags[0].Value is string name && name == sink)
            {
                _entered.TrySetResult();
                _gate.Wait(TimeSpan.FromSeconds(60));
            }
        });
        _listener.Start();
    }

    /// <summary>Ends when the first alert was folded.</summary>
    public Task Entered => _entered.Task;

    public void Open() => _gate.Set();

    public void Dispose()
    {
        _gate.Set();
        _listener.Dispose();
    }
}
