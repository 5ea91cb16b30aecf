using System.Threading.Channels;
using BudgetGuard.Diagnostics;

namespace BudgetGuard.Alerts;

/// <summary>The way from requests to the dispatcher: bounded, never waits; when full the oldest alert is dropped and counted.</summary>
internal sealed class AlertQueue
{
    private const int Capacity = 1024;

    private readonly Channel<Item> _channel;

    public AlertQueue(GuardMetrics metrics) =>
        _channel = Channel.CreateBounded<Item>(
            new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            dropped =>
            {
                dropped.Reached?.TrySetResult();
                if (dropped.Alert is not null)
                {
                    metrics.AlertDropped();
                }
            });

    public ChannelReader<Item> Reader => _channel.Reader;

    public void Enqueue(BudgetAlert alert) => _channel.Writer.TryWrite(new Item(alert, null));

    /// <summary>Completes when everything that was queued before has been sent.</summary>
    public Task WhenSentAsync()
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _channel.Writer.TryWrite(new Item(null, reached)) ? reached.Task : Task.CompletedTask;
    }

    /// <summary>Takes no more alerts; what is queued can still be read.</summary>
    public void Complete() => _channel.Writer.TryComplete();

    /// <summary>An alert, or a marker that tells a waiter that all before it were sent.</summary>
    internal readonly record struct Item(BudgetAlert? Alert, TaskCompletionSource? Reached);
}
