using BudgetGuard.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Api.Administration;

/// <summary>Reads the history where it is kept, with all that happened before it was asked. An answer that would lack something is a problem instead.</summary>
internal sealed partial class HistoryReader(HistoryKeeper keeper, IGuardHistoryStore store, TimeProvider time, ILogger<HistoryReader> logger)
{
    /// <summary>How long an answer may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private int _isDown;

    public async Task<List<DecisionEntry>> ReadDecisionsAsync(int most, CancellationToken cancellationToken)
    {
        List<DecisionEntry> found = [];
        await RunAsync(async token => found = await store.ReadDecisionsAsync(most, token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        return found;
    }

    public Task ReadSpendAsync(DateTimeOffset from, DateTimeOffset to, Action<HourSpend> visit, CancellationToken cancellationToken) =>
        RunAsync(token => store.ReadSpendAsync(from, to, visit, token), cancellationToken);

    private async Task RunAsync(Func<CancellationToken, Task> read, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(Patience, time);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            if (!await keeper.TryWriteAsync(enough.Token).ConfigureAwait(false))
            {
                throw Unavailable();
            }

            await read(enough.Token).WaitAsync(enough.Token).ConfigureAwait(false);
            Volatile.Write(ref _isDown, 0);
        }
        catch (Exception failure) when (failure is not ApiProblemException && !cancellationToken.IsCancellationRequested)
        {
            if (Interlocked.Exchange(ref _isDown, 1) == 0)
            {
                LogFailed(failure);
            }

            throw Unavailable();
        }
    }

    private static ApiProblemException Unavailable() =>
        new(StatusCodes.Status503ServiceUnavailable, "unavailable", "The history cannot be read now; the log says why.");

    [LoggerMessage(613, LogLevel.Error, "The history could not be read. Told once, until it can be.", EventName = "HistoryNotRead")]
    private partial void LogFailed(Exception failure);
}
