using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Diagnostics;

/// <summary>
/// Brings what is new of the history to its store, each second and at the end. A batch that could not be written is written again as it was, under its number, for
/// nobody knows how far it came; what is new meanwhile stays where requests put it, which is bounded.
/// </summary>
internal sealed partial class HistoryKeeper(GuardHistory history, IGuardHistoryStore store, TimeProvider time, ILogger<HistoryKeeper> logger) : BackgroundService
{
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    /// <summary>How long a write is waited for. It is not given up then: the next one begins when it has ended.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>How long the end of the process waits for the last write.</summary>
    public static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _turn = new(1);
    private readonly Guid _writer = Guid.NewGuid();
    private readonly DecisionMark[] _marks = new DecisionMark[DecisionRing.Capacity];
    private HistoryBatch? _batch;
    private Task? _writing;
    private long _number;
    private bool _isDown;

    /// <summary>Writes all that was decided and spent so far; false where the store failed, which is logged.</summary>
    public async Task<bool> TryWriteAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_batch is not null && !await TryWriteBatchAsync(cancellationToken).ConfigureAwait(false))
            {
                return false;
            }

            _batch = Collect();
            return _batch is null || await TryWriteBatchAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        using var late = new CancellationTokenSource(LastPatience, time);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        bool isWritten = false;
        try
        {
            isWritten = await TryWriteAsync(enough.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            // It is told below.
        }

        if (!isWritten)
        {
            LogLost();
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _turn.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                await TryWriteAsync(stoppingToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private HistoryBatch? Collect()
    {
        var batch = new HistoryBatch { Writer = _writer, Number = _number + 1, At = time.GetUtcNow(), Spend = history.Spend.Take() };
        history.Decisions.Collect(_marks, batch);
        if (batch.Spend.Count == 0 && batch.Decided.Count == 0 && batch.Settled.Count == 0)
        {
            return null;
        }

        _number++;
        return batch;
    }

    private async Task<bool> TryWriteBatchAsync(CancellationToken cancellationToken)
    {
        try
        {
            _writing ??= store.WriteAsync(_batch!);
            await _writing.WaitAsync(Patience, time, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception failure)
        {
            if (_writing is { IsCompleted: true })
            {
                _writing = null;
            }

            if (!_isDown)
            {
                _isDown = true;
                LogFailed(failure);
            }

            return false;
        }

        (_writing, _batch) = (null, null);
        if (_isDown)
        {
            _isDown = false;
            LogRecovered();
        }

        return true;
    }

    [LoggerMessage(610, LogLevel.Error, "What was decided and spent could not be written to the history. It is kept and tried again each second; no request and no budget depends on it.",
        EventName = "HistoryNotWritten")]
    private partial void LogFailed(Exception failure);

    [LoggerMessage(611, LogLevel.Information, "The history is written again, with what was kept meanwhile.", EventName = "HistoryWritten")]
    private partial void LogRecovered();

    [LoggerMessage(612, LogLevel.Error, "The end of the history could not be written, and is lost.", EventName = "HistoryLost")]
    private partial void LogLost();
}
