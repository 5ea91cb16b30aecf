using BudgetGuard.Diagnostics;
using Microsoft.Extensions.Hosting;

namespace BudgetGuard.Alerts;

/// <summary>Sends queued alerts to every sink, off the request's way. On shutdown what is queued is sent, within a bound.</summary>
internal sealed class AlertDispatcher(AlertQueue queue, IEnumerable<IAlertSink> sinks, FailureLog failures, GuardMetrics metrics, TimeProvider time)
    : BackgroundService
{
    /// <summary>How long one sink may take for one alert.</summary>
    public static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long shutdown waits for queued alerts.</summary>
    public static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(5);

    private readonly IAlertSink[] _sinks = [.. sinks];

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        queue.Complete();
        if (ExecuteTask is { } running)
        {
            try
            {
                await running.WaitAsync(DrainTimeout, time, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception late) when (late is TimeoutException or OperationCanceledException)
            {
                failures.Report(FailureKind.AlertSink, late);
            }
        }

        await base.StopAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Ends when the queue is completed and empty; the token only ends a sink that hangs when the drain is over.
        await foreach (AlertQueue.Item item in queue.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            if (item.Alert is { } alert)
            {
                await SendAsync(alert, stoppingToken).ConfigureAwait(false);
            }

            queue.Done(item);
        }
    }

    private async Task SendAsync(BudgetAlert alert, CancellationToken stoppingToken)
    {
        foreach (IAlertSink sink in _sinks)
        {
            using var timeout = new CancellationTokenSource(SendTimeout, time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stoppingToken);
            try
            {
                // A sink that ignores its token must not hold up the others either.
                await sink.SendAsync(alert, linked.Token).AsTask().WaitAsync(linked.Token).ConfigureAwait(false);
            }
            catch (Exception failure)
            {
                metrics.AlertFailed();
                failures.Report(FailureKind.AlertSink, failure);
            }
        }
    }
}
