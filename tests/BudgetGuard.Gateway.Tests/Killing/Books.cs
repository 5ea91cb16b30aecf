using System.Collections.Concurrent;

namespace BudgetGuard.Gateway.Tests.Killing;

/// <summary>What the clients of a gateway know for sure, over all of its lives.</summary>
internal sealed class Books
{
    private readonly ConcurrentDictionary<string, long> _acknowledged = new();
    private readonly ConcurrentDictionary<string, long> _unknown = new();
    private long _settlements;
    private Action? _next;

    /// <summary>How many settlements were acknowledged.</summary>
    public long Settlements => Interlocked.Read(ref _settlements);

    /// <summary>The user was told that an amount is settled.</summary>
    public void Acknowledged(string user, long nanos)
    {
        _acknowledged.AddOrUpdate(user, nanos, (_, sum) => sum + nanos);
        Interlocked.Increment(ref _settlements);
        Interlocked.Exchange(ref _next, null)?.Invoke();
    }

    /// <summary>Does something the moment the next settlement is acknowledged: what the gateway had not written by then it never will.</summary>
    public void AtNextAcknowledgement(Action action) => Volatile.Write(ref _next, action);

    /// <summary>The user does not know what became of an amount that is at most so much.</summary>
    public void Unknown(string user, long atMost) => _unknown.AddOrUpdate(user, atMost, (_, sum) => sum + atMost);

    public long AcknowledgedOf(string user) => _acknowledged.GetValueOrDefault(user);

    public long UnknownOf(string user) => _unknown.GetValueOrDefault(user);
}
