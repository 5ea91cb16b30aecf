using System.Threading.Channels;
using BudgetGuard.Alerts.Delivery;

namespace BudgetGuard.Diagnostics;

/// <summary>Something that happened: one of its parts is set.</summary>
/// <param name="Decision">A decision.</param>
/// <param name="Accounts">Accounts that something was settled on.</param>
/// <param name="Alert">An alert that is handed on to sinks.</param>
internal readonly record struct GuardEvent(DecisionEntry? Decision, AccountSet? Accounts = null, IQueuedAlert? Alert = null);

/// <summary>
/// Passes on what happens to whoever listens. Each listener has a bounded queue of its own, and loses the oldest when it is slow: no request waits for one.
/// </summary>
internal sealed class GuardEvents
{
    public const int MostListeners = 64;
    public const int QueueCapacity = 256;

    private readonly Lock _gate = new();
    private volatile Channel<GuardEvent>[] _listeners = [];

    public bool IsHeard => _listeners.Length > 0;

    public void Publish(in GuardEvent one)
    {
        foreach (Channel<GuardEvent> listener in _listeners)
        {
            listener.Writer.TryWrite(one);
        }
    }

    /// <summary>Begins to listen; null where too many do.</summary>
    public Channel<GuardEvent>? TryListen()
    {
        lock (_gate)
        {
            if (_listeners.Length >= MostListeners)
            {
                return null;
            }

            Channel<GuardEvent> listener = Channel.CreateBounded<GuardEvent>(
                new BoundedChannelOptions(QueueCapacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
            _listeners = [.. _listeners, listener];
            return listener;
        }
    }

    public void Leave(Channel<GuardEvent> listener)
    {
        lock (_gate)
        {
            _listeners = [.. _listeners.Where(one => !ReferenceEquals(one, listener))];
        }
    }
}
