namespace BudgetGuard.Estimation;

/// <summary>Bounds how long a body may take to arrive. Most bodies are there when they are read: nothing is timed until a read has to wait.</summary>
internal sealed class ReadDeadline(TimeSpan timeout, TimeProvider clock, CancellationToken cancellationToken) : IDisposable
{
    private readonly CancellationTokenSource _either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    private ITimer? _timer;

    /// <summary>True if the body did not arrive in time.</summary>
    public bool IsLate => !cancellationToken.IsCancellationRequested && _either.IsCancellationRequested;

    public ValueTask<int> ReadAsync(Stream source, Memory<byte> buffer)
    {
        ValueTask<int> reading = source.ReadAsync(buffer, _either.Token);
        if (!reading.IsCompleted)
        {
            _timer ??= clock.CreateTimer(static deadline => ((ReadDeadline)deadline!).Cancel(), this, timeout, Timeout.InfiniteTimeSpan);
        }

        return reading;
    }

    public void Dispose()
    {
        _timer?.Dispose();
        _either.Dispose();
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
