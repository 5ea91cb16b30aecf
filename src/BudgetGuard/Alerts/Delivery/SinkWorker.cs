using System.Threading.Channels;
using BudgetGuard.Configuration;

namespace BudgetGuard.Alerts.Delivery;

/// <summary>
/// One sink with a queue and a loop of its own, so that a slow one delays no other. Each alert it takes on ends in exactly one of: sent, folded into a digest,
/// failed, dropped at shutdown, or skipped because it was sent before.
/// </summary>
internal sealed partial class SinkWorker : IDisposable
{
    private const int QueueCapacity = 1024;

    private readonly Lock _gate = new();
    private readonly IAlertSink _sink;
    private readonly SinkFilter _filter;
    private readonly SinkPipeline _pipeline;
    private readonly StormControl _storm;
    private readonly RecentAlerts _recent = new();
    private readonly SinkFigures _figures = new();
    private readonly DeliveryLog _log;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<Work> _work = Channel.CreateBounded<Work>(new BoundedChannelOptions(QueueCapacity) { SingleReader = true });
    private readonly CancellationToken _stopping;
    private FoldedAlerts _folded = new();
    private bool _isClosed;

    public SinkWorker(IAlertSink sink, AlertSinkSettings settings, bool isOwned, DeliveryLog log, TimeProvider time)
    {
        _sink = sink;
        _stopping = _stop.Token;
        _log = log;
        _time = time;
        Settings = settings;
        IsOwned = isOwned;
        _filter = new SinkFilter(settings);
        _pipeline = new SinkPipeline(settings.Options, time, OnRetry, isBroken => log.Broken(Name, isBroken));
        _storm = new StormControl(settings.Options.MaxPerMinute, settings.Options.DigestEvery, time);
        Completion = Task.Run(RunAsync);
    }

    public string Name => Settings.Name;

    public AlertSinkSettings Settings { get; }

    /// <summary>True if the sink was made for this worker and ends with it.</summary>
    public bool IsOwned { get; }

    /// <summary>Ends when it was completed, or aborted, and nothing is left to do.</summary>
    public Task Completion { get; }

    public AlertSinkStatus Status => _figures.ToStatus(Name, _pipeline.IsBroken);

    public bool Wants(IQueuedAlert alert) => _filter.Passes(alert);

    /// <summary>Takes an alert on; never waits. What does not fit into the queue is folded.</summary>
    public void Enqueue(AlertDelivery delivery)
    {
        if (_work.Writer.TryWrite(new Work(delivery, null)))
        {
            return;
        }

        if (_stopping.IsCancellationRequested || !Fold(delivery, force: true))
        {
            Drop(delivery);
        }
    }

    /// <summary>Completes when everything that came before is done with; at once where no marker fits.</summary>
    public Task WhenReachedAsync()
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _work.Writer.TryWrite(new Work(null, reached)) ? reached.Task : Task.CompletedTask;
    }

    /// <summary>Takes no more; what is queued is still sent, and what is folded as one digest.</summary>
    public void Complete() => _work.Writer.TryComplete();

    /// <summary>Sends nothing more; what is left is counted as dropped.</summary>
    public void Abort()
    {
        Complete();
        _stop.Cancel();
    }

    public void Dispose()
    {
        Abort();
        _stop.Dispose();
    }

    /// <summary>Sends one alert in one attempt, past filter, rate limit and breaker.</summary>
    public async ValueTask<AlertTestResult> TryOutAsync(BudgetAlert alert, CancellationToken cancellationToken)
    {
        long started = _time.GetTimestamp();
        using var timeout = new CancellationTokenSource(Settings.Options.Timeout, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await SinkPipeline.AttemptAsync(_sink, alert, linked.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception failure)
        {
            return new AlertTestResult(
                false, _time.GetElapsedTime(started), timeout.IsCancellationRequested ? "It did not answer in time." : DeliveryLog.Reason(failure));
        }

        await _pipeline.CloseAsync(cancellationToken).ConfigureAwait(false);
        return new AlertTestResult(true, _time.GetElapsedTime(started), null);
    }

    private async Task RunAsync()
    {
        await SendAllAsync().ConfigureAwait(false);
        if (IsOwned)
        {
            await DisposeSinkAsync().ConfigureAwait(false);
        }
    }

    private async Task SendAllAsync()
    {
        Task<bool>? more = null;
        do
        {
            for (int i = 1; _work.Reader.TryRead(out Work work); i++)
            {
                await DoSafelyAsync(work).ConfigureAwait(false);
                await SendDigestIfDueAsync().ConfigureAwait(false);
                if (i % AlertQueue.AtOnce == 0)
                {
                    await Task.Yield();
                }
            }

            await SendDigestIfDueAsync().ConfigureAwait(false);
            more = more is null or { IsCompleted: true } ? _work.Reader.WaitToReadAsync(CancellationToken.None).AsTask() : more;
            await WaitForWorkOrDigestAsync(more).ConfigureAwait(false);
        }
        while (!more.IsCompleted || await more.ConfigureAwait(false));

        lock (_gate)
        {
            _isClosed = true;
        }

        await SendDigestAsync().ConfigureAwait(false);
    }

    private async Task WaitForWorkOrDigestAsync(Task<bool> more)
    {
        TimeSpan? left;
        lock (_gate)
        {
            left = _storm.IsFolding ? _storm.TimeLeft : null;
        }

        if (left is not { } wait)
        {
            await more.ConfigureAwait(false);
        }
        else if (wait > TimeSpan.Zero)
        {
            // Whichever is first: another alert, or the end of the interval by the same clock that the storm control reads.
            using var enough = new CancellationTokenSource();
            await Task.WhenAny(more, Task.Delay(wait, _time, enough.Token)).ConfigureAwait(false);
            await enough.CancelAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask DoSafelyAsync(Work work)
    {
        try
        {
            await DoAsync(work).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            // Such as a logger or a listener of metrics that throws: this sink goes on with the next alert.
            _figures.CountFailed(DeliveryLog.Reason(failure));
            work.Delivery?.Done(Name, AlertOutcome.Failed, DeliveryLog.Reason(failure));
        }
    }

    private async ValueTask DoAsync(Work work)
    {
        if (work.Delivery is not { } delivery)
        {
            work.Reached?.TrySetResult();
        }
        else if (_stopping.IsCancellationRequested)
        {
            Drop(delivery);
        }
        else if (_recent.Contains(delivery.Alert))
        {
            delivery.Done(Name, AlertOutcome.Skipped);
        }
        else if (!Fold(delivery, force: false))
        {
            await SendAsync(delivery).ConfigureAwait(false);
        }
    }

    private async ValueTask SendAsync(AlertDelivery delivery)
    {
        switch (await TrySendAsync(delivery.Alert.Write()).ConfigureAwait(false))
        {
            case true:
                _recent.Add(delivery.Alert);
                delivery.Done(Name, AlertOutcome.Sent);
                break;
            case false:
                delivery.Done(Name, AlertOutcome.Failed, _figures.LastFailure);
                break;
            default:
                Drop(delivery);
                break;
        }
    }

    /// <summary>True if it was sent, false if it failed for good, null if the application stopped first.</summary>
    private async ValueTask<bool?> TrySendAsync(BudgetAlert alert)
    {
        long started = _time.GetTimestamp();
        try
        {
            await _pipeline.SendAsync(_sink, alert, _stopping).ConfigureAwait(false);
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception failure)
        {
            _figures.CountFailed(DeliveryLog.Reason(failure));
            _log.Failed(Name, failure);
            return false;
        }

        _figures.CountSent(_time.GetUtcNow());
        _log.Sent(Name, alert, _time.GetElapsedTime(started));
        return true;
    }

    private void Drop(AlertDelivery delivery)
    {
        _figures.CountDropped(1);
        _log.Dropped(Name, 1);
        delivery.Done(Name, AlertOutcome.Dropped);
    }

    private void OnRetry()
    {
        _figures.CountRetried();
        _log.Retried(Name);
    }

    private async ValueTask DisposeSinkAsync()
    {
        try
        {
            if (_sink is IAsyncDisposable asynchronous)
            {
                await asynchronous.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                (_sink as IDisposable)?.Dispose();
            }
        }
        catch (Exception failure)
        {
            _log.Failed(Name, failure);
        }
    }

    private readonly record struct Work(AlertDelivery? Delivery, TaskCompletionSource? Reached);
}
