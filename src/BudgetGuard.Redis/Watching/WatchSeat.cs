using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>Which node looks at all accounts: one of those that share them, until nothing is heard of it.</summary>
internal sealed class WatchSeat(RedisCostTracker tracker, TimeProvider time)
{
    /// <summary>How long it stays a node's that is not heard of; three looks.</summary>
    public static readonly TimeSpan For = TimeSpan.FromSeconds(45);

    private static readonly TimeSpan _renewAfter = TimeSpan.FromSeconds(10);

    private readonly RedisKey _key = tracker.Prefix + "w";
    private long _taken;
    private bool _isTaken;

    /// <summary>True until a look was complete since it was another's, or nobody's: what was spent before is of no minute.</summary>
    public bool IsNew { get; set; }

    /// <summary>Takes it, or takes it anew; false if it is another's.</summary>
    public async ValueTask<bool> TakeAsync(CancellationToken cancellationToken)
    {
        long now = time.GetTimestamp();
        var answer = (long)await tracker.RunScriptAsync(
            RedisScripts.Seat, [_key], tracker.Node, cancellationToken, For.Ticks / TimeSpan.TicksPerMicrosecond).ConfigureAwait(false);
        (_isTaken, _taken) = (answer > 0, now);
        IsNew |= answer == 1;
        return _isTaken;
    }

    /// <summary>Takes it anew where it is time to; false if it is another's by now.</summary>
    public ValueTask<bool> KeepAsync(CancellationToken cancellationToken) =>
        time.GetElapsedTime(_taken) < _renewAfter ? new ValueTask<bool>(_isTaken) : TakeAsync(cancellationToken);

    /// <summary>Leaves it to the others.</summary>
    public async ValueTask LeaveAsync()
    {
        if (!_isTaken)
        {
            return;
        }

        _isTaken = false;
        try
        {
            await tracker.RunScriptAsync(RedisScripts.Seat, [_key], tracker.Node, CancellationToken.None, 0).ConfigureAwait(false);
        }
        catch (RedisUnavailableException)
        {
            // It is free by itself in a while.
        }
    }
}
