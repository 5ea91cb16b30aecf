using System.Collections.Concurrent;

namespace BudgetGuard.Redis;

/// <summary>
/// What became of holds while Redis could not be told: told later, in the order it happened, as often as it takes. Bounded: what is too much is not kept, and its holds are
/// charged at their estimate when they expire.
/// </summary>
internal sealed class RedisOutbox : IAsyncDisposable
{
    /// <summary>How many endings are kept.</summary>
    public const int Most = 100_000;

    private const int MostSweeps = 40;

    // So often is told what comes before what it corrects: for more than a minute. Then what it would have given back stays charged.
    internal const int MostTries = 200;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastWait = TimeSpan.FromSeconds(5);

    private readonly ConcurrentQueue<RedisEnding> _waiting = new();
    private readonly RedisCostTracker _tracker;
    private readonly TimeProvider _time;
    private readonly RedisSignals _signals;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private int _count;

    public RedisOutbox(RedisCostTracker tracker, TimeProvider time, RedisSignals signals)
    {
        _tracker = tracker;
        _time = time;
        _signals = signals;
        _running = RunAsync();
    }

    public int Count => Volatile.Read(ref _count);

    public void Add(RedisEnding ending)
    {
        if (Interlocked.Increment(ref _count) > Most)
        {
            Interlocked.Decrement(ref _count);
            _signals.OutboxFull();
            return;
        }

        _waiting.Enqueue(ending);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        using var last = new CancellationTokenSource(LastWait, _time);
        try
        {
            while (Count > 0)
            {
                // Away for a moment, as a server is that restarts: whoever ends has some time for it.
                if (!await DeliverAsync(last.Token).ConfigureAwait(false))
                {
                    await Task.Delay(Pause, _time, last.Token).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The bound of the last wait; what is left is told below.
        }

        if (Count > 0)
        {
            _signals.OutboxLost(Count);
        }

        _stopping.Dispose();
    }

    /// <summary>Tells what waits, the oldest first; false as soon as Redis does not take it, or where nothing of it can be told yet.</summary>
    internal async ValueTask<bool> DeliverAsync(CancellationToken cancellationToken)
    {
        int delivered = 0;

        // What comes too early goes to the end; each is tried once in a round.
        for (int left = Count; left > 0 && _waiting.TryPeek(out RedisEnding ending); left--)
        {
            try
            {
                await _tracker.TellAsync(ending, cancellationToken).ConfigureAwait(false);
            }
            catch (EarlyEndingException) when (ending.Tries < MostTries)
            {
                _waiting.TryDequeue(out _);
                _waiting.Enqueue(ending with { Tries = ending.Tries + 1 });
                continue;
            }
            catch (EarlyEndingException)
            {
                // What it corrects was never told, and never will be.
                _signals.OutboxLost(1);
                _waiting.TryDequeue(out _);
                Interlocked.Decrement(ref _count);
                continue;
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                _signals.OutboxWaits(Count, failure);
                return false;
            }

            _waiting.TryDequeue(out _);
            Interlocked.Decrement(ref _count);
            delivered++;
        }

        if (delivered > 0)
        {
            _signals.OutboxDelivered(delivered);
        }

        return delivered > 0 || Count == 0;
    }

    private async Task RunAsync()
    {
        try
        {
            long swept = _time.GetTimestamp();
            while (true)
            {
                await Task.Delay(Pause, _time, _stopping.Token).ConfigureAwait(false);
                if (Count > 0)
                {
                    await DeliverAsync(_stopping.Token).ConfigureAwait(false);
                }

                if (_time.GetElapsedTime(swept) >= Sweep)
                {
                    swept = _time.GetTimestamp();
                    await SweepAsync().ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The end of it.
        }
    }

    private async Task SweepAsync()
    {
        try
        {
            await _tracker.PulseAsync(_stopping.Token).ConfigureAwait(false);

            // As many as there are, within a bound: who is refused meanwhile has to wait for them.
            for (int round = 0; round < MostSweeps && await _tracker.SweepAsync(_stopping.Token).ConfigureAwait(false) == RedisCostTracker.SweptAtOnce; round++)
            {
            }
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !_stopping.IsCancellationRequested)
        {
            _signals.SweepFailed(failure);
        }
    }
}
