using System.Threading.Channels;

namespace BudgetGuard.Alerts.Delivery;

/// <summary>The way from requests to the dispatcher: bounded, never waits; when full the oldest alert is dropped, counted and logged.</summary>
internal sealed class AlertQueue
{
    /// <summary>
    /// How many alerts may wait for the dispatcher, which only hands them on: what takes long waits behind it, at each sink. A few megabytes when full.
    /// </summary>
    public const int Capacity = 8192;

    /// <summary>How many alerts are handed on, or folded, before the thread is given back.</summary>
    public const int AtOnce = 16;

    /// <summary>How long a request waits at most where alerts are sent before it is answered.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private readonly Channel<Item> _channel;
    private readonly DeliveryLog _log;
    private readonly TimeProvider _time;
    private int _pending;
    private long _raised;

    public AlertQueue(DeliveryLog log, TimeProvider time)
    {
        _log = log;
        _time = time;
        _channel = Channel.CreateBounded<Item>(
            new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            dropped =>
            {
                dropped.Reached?.TrySetResult();
                if (dropped.Alert is not null)
                {
                    Done();
                    log.Dropped(null, 1);
                }
            });
    }

    public ChannelReader<Item> Reader => _channel.Reader;

    /// <summary>How many alerts were queued so far.</summary>
    public long Raised => Volatile.Read(ref _raised);

    public void Enqueue(IQueuedAlert alert)
    {
        Interlocked.Increment(ref _raised);
        Interlocked.Increment(ref _pending);
        if (!_channel.Writer.TryWrite(new Item(alert, null)))
        {
            Done();
            _log.Dropped(null, 1);
        }
    }

    /// <summary>Says that every sink is done with an alert, or that it was dropped.</summary>
    public void Done() => Interlocked.Decrement(ref _pending);

    /// <summary>
    /// Completes when every sink is done with every alert that is queued, within a bound; at once where none was raised since a number of them was: who raised
    /// nothing does not wait for what others did.
    /// </summary>
    public ValueTask WhenSentAsync(long since) =>
        Raised == since || Volatile.Read(ref _pending) <= 0 ? ValueTask.CompletedTask : WaitAsync();

    /// <summary>Takes no more alerts; what is queued can still be read.</summary>
    public void Complete() => _channel.Writer.TryComplete();

    private async ValueTask WaitAsync()
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_channel.Writer.TryWrite(new Item(null, reached)))
        {
            return;
        }

        try
        {
            await reached.Task.WaitAsync(LongestWait, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The sink that hangs is told of by its own timeout; the request goes on.
        }
    }

    /// <summary>An alert, or a marker that tells a waiter that all before it were sent.</summary>
    internal readonly record struct Item(IQueuedAlert? Alert, TaskCompletionSource? Reached);
}
