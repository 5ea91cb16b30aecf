namespace BudgetGuard.Estimation;

/// <summary>Bounds how long a body may take to arrive. Most bodies are there when they are read: nothing is timed until a read has to wait.</summary>
internal sealed class ReadDeadline(TimeSpan timeout, TimeProvider clock, CancellationToken cancellationToken) : IDisposable
{
    private readonly CancellationTokenSource _either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    private readonly long _started = clock.GetTimestamp();
    private ITimer? _timer;

    /// <summary>True if the body did not arrive in time.</summary>
    public bool IsLate => !cancellationToken.IsCancellationRequested && _either.IsCancellationRequested;

    public ValueTask<int> ReadAsync(Stream source, Memory<byte> buffer)
    {
        ValueTask<int> reading = source.ReadAsync(buffer, _either.Token);
        if (!reading.IsCompleted)
        {
            _timer ??= StartTimer();
        }

        return reading;
    }

    public void Dispose()
    {
        _timer?.Dispose();
        _either.Dispose();
    }

    private ITimer StartTimer()
    {
        TimeSpan left = timeout - clock.GetElapsedTime(_started);
        return clock.CreateTimer(
            static deadline => ((ReadDeadline)deadline!).Cancel(), this, left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private void Cancel()
    {
        try
        {
            _either.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The body came while the timer went off.
        }
    }
}
