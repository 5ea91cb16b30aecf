using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Conformance;

/// <summary>A tracker on a clock that tests move, whatever keeps its accounts.</summary>
public abstract class TrackerRig : IAsyncDisposable
{
    /// <summary>An instant just before a day and a month end.</summary>
    public static readonly DateTimeOffset Start = new(2027, 3, 31, 23, 58, 50, TimeSpan.Zero);

    public FakeTimeProvider Time { get; } = new(Start);

    public ExpiredHolds Expired { get; set; } = ExpiredHolds.Charge;

    public ICostTracker Tracker { get; protected set; } = null!;

    public IBudgetLedger Ledger => (IBudgetLedger)Tracker;

    /// <summary>The highest limit the store counts.</summary>
    public virtual long MostLimit => long.MaxValue;

    /// <summary>True where accounts outlast the process.</summary>
    public virtual bool IsDurable => false;

    /// <summary>True where a process that ends leaves open holds to others.</summary>
    public virtual bool IsShared => false;

    public abstract Task StartAsync();

    /// <summary>A new process on the same accounts.</summary>
    public virtual Task RestartAsync() => throw new NotSupportedException();

    public abstract ValueTask DisposeAsync();
}
