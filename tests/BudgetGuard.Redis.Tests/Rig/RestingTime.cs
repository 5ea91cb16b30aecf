using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Redis.Tests;

/// <summary>A clock that tests move, and that tells when somebody rests for a moment.</summary>
internal sealed class RestingTime(DateTimeOffset start) : FakeTimeProvider(start)
{
    private readonly Channel<TimeSpan> _rests = Channel.CreateUnbounded<TimeSpan>();

    /// <summary>The rests that were begun; all other waits are longer.</summary>
    public ChannelReader<TimeSpan> Rests => _rests.Reader;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ITimer timer = base.CreateTimer(callback, state, dueTime, period);
        if (dueTime > TimeSpan.Zero && dueTime < TimeSpan.FromMilliseconds(100))
        {
            _rests.Writer.TryWrite(dueTime);
        }

        return timer;
    }
}
