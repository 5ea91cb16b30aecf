namespace BudgetGuard.Gateway.Hosting;

/// <summary>
/// Keeps the program alive until every request has ended. The server stops first and cuts off what is still running at the end of the shutdown timeout;
/// the guard settles what was cut off, and the process must not be gone before that.
/// </summary>
internal sealed partial class RequestsInFlight(TimeProvider time, ILogger<RequestsInFlight> logger) : IHostedService
{
    /// <summary>Requests that were cut off end within moments; one that does not must not hold the program up for ever.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource _none = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;
    private volatile bool _isStopping;

    public void Enter() => Interlocked.Increment(ref _count);

    public void Leave()
    {
        if (Interlocked.Decrement(ref _count) == 0 && _isStopping)
        {
            _none.TrySetResult();
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _isStopping = true;
        if (Volatile.Read(ref _count) == 0)
        {
            return;
        }

        try
        {
            // Not the host's token: it is cancelled exactly when this wait matters.
            await _none.Task.WaitAsync(Grace, time, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            LogUnfinished(logger, Volatile.Read(ref _count));
        }
    }

    [LoggerMessage(10, LogLevel.Warning, "{Count} requests had not ended when the program did.", EventName = "RequestsUnfinished")]
    private static partial void LogUnfinished(ILogger logger, int count);
}
