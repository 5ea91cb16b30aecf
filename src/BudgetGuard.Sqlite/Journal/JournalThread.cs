namespace BudgetGuard.Sqlite;

/// <summary>The thread that writes: SQLite's calls block, and a blocked thread of the pool is one that requests lack.</summary>
internal sealed class JournalThread : IJournalDriver
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly JournalPump _pump;
    private readonly AutoResetEvent _wake = new(false);
    private readonly ITimer _retry;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isAwake;
    private volatile bool _ends;
    private volatile bool _crashes;

    public JournalThread(JournalPump pump, TimeProvider time)
    {
        _pump = pump;
        _retry = time.CreateTimer(static self => ((JournalThread)self!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        new Thread(Run) { IsBackground = true, Name = "Budgets on disk" }.Start();
    }

    /// <summary>Has it write what has changed. Costs next to nothing where it is about to.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _isAwake, 1) == 0)
        {
            _wake.Set();
        }
    }

    public ValueTask DisposeAsync() => EndAsync(crashes: false);

    /// <summary>Ends as a crash does: what is not written is lost.</summary>
    public ValueTask CrashAsync() => EndAsync(crashes: true);

    private ValueTask EndAsync(bool crashes)
    {
        _crashes |= crashes;
        _ends = true;
        Wake();
        return new ValueTask(_ended.Task);
    }

    private void Run()
    {
        try
        {
            while (!_ends)
            {
                _wake.WaitOne();
                Volatile.Write(ref _isAwake, 0);
                if (!_ends && _pump.Step() == JournalStep.Down)
                {
                    _retry.Change(RetryAfter, Timeout.InfiniteTimeSpan);
                }
            }

            if (_crashes)
            {
                _pump.Close();
            }
            else
            {
                _pump.Dispose();
            }

            _retry.Dispose();
            _ended.TrySetResult();
        }
        catch (Exception failure)
        {
            _ended.TrySetException(failure);
        }
    }
}
