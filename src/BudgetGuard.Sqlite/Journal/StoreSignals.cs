using Microsoft.Extensions.Logging;

namespace BudgetGuard.Sqlite;

/// <summary>
/// What the store tells the log. Requests and alerts tell of an outage by themselves. A log that fails, perhaps for the same full disk, is no reason to write nothing
/// any more: its failure ends here.
/// </summary>
internal sealed partial class StoreSignals(ILogger logger, string path)
{
    public void Opened(long accounts, long holds) => Tell(() => LogOpened(path, accounts, holds));

    public void Failed(Exception failure) => Tell(() => LogFailed(path, failure));

    public void Recovered() => Tell(() => LogRecovered(path));

    public void CloseFailed(Exception failure) => Tell(() => LogCloseFailed(path, failure));

    private static void Tell(Action log)
    {
        try
        {
            log();
        }
        catch (Exception)
        {
            // There is nobody left to tell.
        }
    }

    [LoggerMessage(620, LogLevel.Information, "Budgets are kept in {Path}: {Accounts} accounts; {Holds} holds of an earlier process were ended.", EventName = "StoreOpened")]
    private partial void LogOpened(string path, long accounts, long holds);

    [LoggerMessage(621, LogLevel.Error, "The budgets cannot be written to {Path}. OnStoreFailure says what happens to requests; it is tried again each second.", EventName = "StoreFailed")]
    private partial void LogFailed(string path, Exception failure);

    [LoggerMessage(622, LogLevel.Information, "The budgets are written to {Path} again; nothing that was settled meanwhile is lost.", EventName = "StoreRecovered")]
    private partial void LogRecovered(string path);

    [LoggerMessage(623, LogLevel.Warning, "Closing {Path} failed.", EventName = "StoreCloseFailed")]
    private partial void LogCloseFailed(string path, Exception failure);
}
