using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Simulation;

/// <summary>A node's clock: it may be wrong, and, where that is planted, its steady clock may stand still.</summary>
internal sealed class NodeClock(FakeTimeProvider world, TimeSpan wrongBy) : TimeProvider
{
    private long? _stopped;

    public override long TimestampFrequency => world.TimestampFrequency;

    /// <summary>From now on its steady clock does not go on.</summary>
    public void Stop() => _stopped = world.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => world.GetUtcNow() + wrongBy;

    public override long GetTimestamp() => _stopped ?? world.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => world.CreateTimer(callback, state, dueTime, period);
}
