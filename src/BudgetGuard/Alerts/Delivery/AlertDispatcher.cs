using System.Collections.Concurrent;
using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;
using Microsoft.Extensions.Hosting;

namespace BudgetGuard.Alerts.Delivery;

/// <summary>
/// Hands queued alerts on to the sinks, off the request's way: claims each, so that one of many nodes tells it, and gives back what could not be delivered.
/// On shutdown what is queued is sent, within a bound.
/// </summary>
internal sealed class AlertDispatcher(
    AlertQueue queue, AlertSinks sinks, ICostTracker tracker, SettingsSource settings, DeliveryLog log, FailureLog failures, AlertHistory history,
    GuardEvents events, TimeProvider time)
    : BackgroundService
{
    /// <summary>How long a failed alert rests before it may be raised again.</summary>
    public static readonly TimeSpan RestAfterFailure = TimeSpan.FromSeconds(30);

    /// <summary>How long what is raised only once is tried again.</summary>
    private static readonly TimeSpan LongestTried = TimeSpan.FromHours(1);

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(10);

    private readonly ConcurrentQueue<(IQueuedAlert Alert, long Since)> _failed = new();
    private Action<AlertDelivery>? _whenDone;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        sinks.Start();
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        queue.Complete();
        using var late = new CancellationTokenSource(settings.Current.Alerts.DrainTimeout, time);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            await (ExecuteTask ?? Task.CompletedTask).WaitAsync(enough.Token).ConfigureAwait(false);
            await sinks.CompleteAsync().WaitAsync(enough.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            // What was not sent by now is counted and logged below.
        }

        sinks.Abort();
        DropQueued();
        await base.StopAsync(cancellationToken).ConfigureAwait(false);

        // Aborted workers only count what they still have: that takes no time worth a bound, but a sink's own Dispose may. By the machine's clock, because
        // it bounds work and no promise, and the delay left behind ends by itself.
        await Task.WhenAny(sinks.CompleteAsync(), Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, CancellationToken.None)).ConfigureAwait(false);
        await GiveBackAsync(isLast: true, CancellationToken.None).ConfigureAwait(false);
        log.TellDropped();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var rounds = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task givingBack = GiveBackRoundsAsync(rounds.Token);
        try
        {
            while (await queue.Reader.WaitToReadAsync(stoppingToken).ConfigureAwait(false))
            {
                for (int i = 1; !stoppingToken.IsCancellationRequested && queue.Reader.TryRead(out AlertQueue.Item item); i++)
                {
                    await HandOnAsync(item).ConfigureAwait(false);
                    if (i % AlertQueue.AtOnce == 0)
                    {
                        // Requests that wait for a thread come first.
                        await Task.Yield();
                    }
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops, or did not start.
        }

        await rounds.CancelAsync().ConfigureAwait(false);
        await givingBack.ConfigureAwait(false);
    }

    private async ValueTask HandOnAsync(AlertQueue.Item item)
    {
        if (item.Reached is { } reached)
        {
            _ = TellReachedAsync(reached);
        }

        if (item.Alert is not { } alert)
        {
            return;
        }

        try
        {
            if (alert.Claim is { } claim && !await TryClaimAsync(claim).ConfigureAwait(false))
            {
                log.ToldElsewhere();
                queue.Done();
                return;
            }

            HandOn(alert);
        }
        catch (Exception failure)
        {
            // Such as a listener of metrics that throws: the alerts after this one are not lost with it, and what was claimed is given back.
            _failed.Enqueue((alert, time.GetTimestamp()));
            queue.Done();
            failures.Report(FailureKind.Alerts, failure);
        }
    }

    private void HandOn(IQueuedAlert alert)
    {
        IReadOnlyList<SinkWorker> workers = sinks.Current;
        int wanting = 0;
        foreach (SinkWorker worker in workers)
        {
            wanting += worker.Wants(alert) ? 1 : 0;
        }

        var delivery = new AlertDelivery(alert, wanting, _whenDone ??= WhenDone);
        history.Add(delivery);
        events.Publish(new GuardEvent(null, Alert: alert));
        if (wanting == 0)
        {
            queue.Done();
            return;
        }

        foreach (SinkWorker worker in workers)
        {
            if (worker.Wants(alert))
            {
                worker.Enqueue(delivery);
            }
        }
    }

    private void WhenDone(AlertDelivery delivery)
    {
        if (delivery.HasFailed && (delivery.Alert.Claim is not null || IsToldOnce(delivery.Alert)))
        {
            _failed.Enqueue((delivery.Alert, time.GetTimestamp()));
        }

        queue.Done();
    }

    private async Task TellReachedAsync(TaskCompletionSource reached)
    {
        foreach (SinkWorker worker in sinks.Current)
        {
            await worker.WhenReachedAsync().ConfigureAwait(false);
        }

        reached.TrySetResult();
    }

    /// <summary>True also where the store does not answer: an alert that comes twice is better than one that never does.</summary>
    private async ValueTask<bool> TryClaimAsync(AlertClaim claim)
    {
        try
        {
            ValueTask<bool> asked = tracker.ClaimAlertAsync(claim, CancellationToken.None);
            return asked.IsCompletedSuccessfully
                ? await asked.ConfigureAwait(false)
                : await asked.AsTask().WaitAsync(settings.Current.StoreTimeout, time).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            failures.Report(FailureKind.Alerts, failure);
            return true;
        }
    }

    private async Task GiveBackRoundsAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Round, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            {
                log.TellDropped();
                await GiveBackAsync(isLast: false, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The last round is the stop's.
        }
    }

    private async ValueTask GiveBackAsync(bool isLast, CancellationToken cancellationToken)
    {
        while (_failed.TryPeek(out (IQueuedAlert Alert, long Since) first)
            && (isLast || time.GetElapsedTime(first.Since) >= RestAfterFailure)
            && _failed.TryDequeue(out first))
        {
            if (first.Alert.Claim is { } claim && !await TryReleaseAsync(claim, cancellationToken).ConfigureAwait(false) && isLast)
            {
                // A store that is away would take its time for each of them; the shutdown is bounded.
                return;
            }

            if (!isLast && IsToldOnce(first.Alert) && time.GetUtcNow() - first.Alert.At < LongestTried)
            {
                queue.Enqueue(first.Alert);
            }
        }
    }

    private async ValueTask<bool> TryReleaseAsync(AlertClaim claim, CancellationToken cancellationToken)
    {
        try
        {
            await tracker.ReleaseAlertAsync(claim, cancellationToken).AsTask()
                .WaitAsync(settings.Current.StoreTimeout, time, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            failures.Report(FailureKind.Alerts, failure);
            return false;
        }
    }

    /// <summary>True of what nobody raises again when its claim is given back: it is queued again itself.</summary>
    private static bool IsToldOnce(IQueuedAlert alert) =>
        alert.Type is AlertTypes.Recovered or AlertTypes.DailySummary or AlertTypes.ModelUnpriced or AlertTypes.StoreUnavailable;

    private void DropQueued()
    {
        int dropped = 0;
        while (queue.Reader.TryRead(out AlertQueue.Item item))
        {
            item.Reached?.TrySetResult();
            if (item.Alert is { } queued)
            {
                dropped++;
                _failed.Enqueue((queued, time.GetTimestamp()));
                queue.Done();
            }
        }

        if (dropped > 0)
        {
            log.Dropped(null, dropped);
        }
    }
}
