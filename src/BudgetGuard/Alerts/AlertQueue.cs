using System.Threading.Channels;
using BudgetGuard.Diagnostics;

namespace BudgetGuard.Alerts;

/// <summary>The way from requests to the dispatcher: bounded, never waits; when full the oldest alert is dropped and counted.</summary>
internal sealed class AlertQueue
{
    private const int Capacity = 1024;

    private readonly Channel<Item> _channel;
    private readonly GuardMetrics _metrics;
    private readonly TimeProvider _time;
    private int _pending;

    public AlertQueue(GuardMetrics metrics, TimeProvider time)
    {
        _metrics = metrics;
        _time = time;
        _channel = Channel.CreateBounded<Item>(
            new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            dropped =>
            {
                Done(dropped);
                if (dropped.Alert is not null)
                {
                    metrics.AlertDropped();
                }
            });
    }

    public ChannelReader<Item> Reader => _channel.Reader;

    public void Enqueue(BudgetAlert alert)
    {
        Interlocked.Increment(ref _pending);
        if (!_channel.Writer.TryWrite(new Item(alert, null)))
        {
            Interlocked.Decrement(ref _pending);
            _metrics.AlertDropped();
        }
    }

    /// <summary>Says that an item was sent, or dropped.</summary>
    public void Done(in Item item)
    {
        item.Reached?.TrySetResult();
        if (item.Alert is not null)
        {
            Interlocked.Decrement(ref _pending);
        }
    }

    /// <summary>Completes when every alert that was queued before has been sent, within a bound; at once where none is under way.</summary>
    public ValueTask WhenSentAsync() => Volatile.Read(ref _pending) == 0 ? ValueTask.CompletedTask : WaitAsync();

    private async ValueTask WaitAsync()
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_channel.Writer.TryWrite(new Item(null, reached)))
        {
            return;
        }

        try
        {
            await reached.Task.WaitAsync(AlertDispatcher.SendTimeout, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The dispatcher tells of the sink that hangs; the request goes on.
        }
    }

    /// <summary>Takes no more alerts; what is queued can still be read.</summary>
    public void Complete() => _channel.Writer.TryComplete();

    /// <summary>An alert, or a marker that tells a waiter that all before it were sent.</summary>
    internal readonly record struct Item(BudgetAlert? Alert, TaskCompletionSource? Reached);
}
