using System.Collections.Concurrent;

namespace BudgetGuard.Redis;

/// <summary>
/// What this node was told is in Redis, for as long as it may matter: its open holds, and what ended in the last five minutes, the latest 100,000 of them. A server that has lost its latest writes
/// (a replica took over, it was flushed or began empty) is told all of it again; what it still knows counts once.
/// </summary>
internal sealed class RedisRecall(TimeProvider time)
{
    private const int MostEnded = 100_000;

    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<HoldId, OpenHold> _open = new();
    private readonly ConcurrentQueue<(long At, RedisEnding Ending)> _ended = new();

    public IReadOnlyCollection<OpenHold> Open => [.. _open.Values];

    public IReadOnlyCollection<RedisEnding> Ended
    {
        get
        {
            Forget();
            return [.. _ended.Select(static one => one.Ending)];
        }
    }

    public void Held(in Hold hold, TimeSpan ttl, string mark = "") => _open[hold.Id] = new OpenHold(hold, ttl, time.GetUtcNow() + ttl, mark);

    public void Extended(in Hold hold)
    {
        if (_open.TryGetValue(hold.Id, out OpenHold? known))
        {
            _open.TryUpdate(hold.Id, known with { Hold = hold, Expires = time.GetUtcNow() + known.Ttl }, known);
        }
    }

    public void EndedAs(in RedisEnding ending)
    {
        _open.TryRemove(ending.Hold.Id, out _);
        _ended.Enqueue((time.GetTimestamp(), ending));
        Forget();
    }

    /// <summary>Forgets what is too old.</summary>
    private void Forget()
    {
        while (_ended.TryPeek(out (long At, RedisEnding Ending) oldest) && (time.GetElapsedTime(oldest.At) > Remembered || _ended.Count > MostEnded))
        {
            _ended.TryDequeue(out _);
        }
    }

    /// <summary>Forgets open holds whose time is over, which other nodes have ended by now; not what is borrowed, which its node always ends itself.</summary>
    public void ForgetExpired()
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach ((HoldId id, OpenHold hold) in _open)
        {
            if (hold.Expires <= now && hold.Mark.Length == 0)
            {
                _open.TryRemove(id, out _);
            }
        }
    }
}

/// <summary>A hold that was open when it was last heard of.</summary>
/// <param name="Hold">The hold.</param>
/// <param name="Ttl">How long it lasts.</param>
/// <param name="Expires">When it ends, if nothing is heard of it.</param>
/// <param name="Mark">What its fingerprint begins with.</param>
internal sealed record OpenHold(Hold Hold, TimeSpan Ttl, DateTimeOffset Expires, string Mark);
