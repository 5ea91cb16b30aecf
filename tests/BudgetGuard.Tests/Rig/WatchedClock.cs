using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Tests.Rig;

/// <summary>A clock that tells when somebody begins to wait for a certain time, so that a test moves it no sooner.</summary>
internal sealed class WatchedClock(TimeSpan wait) : FakeTimeProvider(GuardedApp.Start)
{
    private readonly Channel<int> _waits = Channel.CreateUnbounded<int>();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ITimer timer = base.CreateTimer(callback, state, dueTime, period);
        if (dueTime == wait)
        {
            _waits.Writer.TryWrite(0);
        }

        return timer;
    }

    /// <summary>Waits until another wait of that time has begun.</summary>
    public Task WaitedForAsync() => _waits.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
}
