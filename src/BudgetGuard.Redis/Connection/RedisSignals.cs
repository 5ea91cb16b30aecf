using Microsoft.Extensions.Logging;

namespace BudgetGuard.Redis;

/// <summary>What the store tells the log. Requests and alerts tell of an outage by themselves.</summary>
internal sealed partial class RedisSignals(ILogger logger)
{
    public void Opened(string endpoints, string tree, string version) => LogOpened(endpoints, tree, version);

    public void Unsafe(string what) => LogUnsafe(what);

    public void OutboxWaits(int count, Exception failure) => LogOutboxWaits(count, failure);

    public void OutboxDelivered(int count) => LogOutboxDelivered(count);

    public void OutboxFull() => LogOutboxFull(RedisOutbox.Most);

    public void OutboxLost(int count) => LogOutboxLost(count);

    public void SweepFailed(Exception failure) => LogSweepFailed(failure);

    public void LeaseFailed(Exception failure) => LogLeaseFailed(failure);

    public void LeasesLeft(int count, Exception failure) => LogLeasesLeft(count, failure);

    [LoggerMessage(638, LogLevel.Debug, "What is borrowed from accounts could not be renewed, told or given back; it is tried again.", EventName = "RedisLeaseFailed")]
    private partial void LogLeaseFailed(Exception failure);

    [LoggerMessage(639, LogLevel.Error, "{Count} parts of accounts that were borrowed could not be given back; they are charged whole in a minute.", EventName = "RedisLeasesLeft")]
    private partial void LogLeasesLeft(int count, Exception failure);

    public void ToldAgain(int open, int ended) => LogToldAgain(open, ended);

    [LoggerMessage(637, LogLevel.Warning, "Redis is another server than before, or has lost writes. It was told again of {Open} open holds and of {Ended} that ended in the last five minutes; what is older may be lost.", EventName = "RedisLostWrites")]
    private partial void LogToldAgain(int open, int ended);

    [LoggerMessage(630, LogLevel.Information, "Budgets are kept in Redis at {Endpoints}, as {Tree}; its version is {Version}.", EventName = "RedisOpened")]
    private partial void LogOpened(string endpoints, string tree, string version);

    [LoggerMessage(631, LogLevel.Warning, "Redis may lose what was spent: {What}", EventName = "RedisUnsafe")]
    private partial void LogUnsafe(string what);

    [LoggerMessage(632, LogLevel.Debug, "{Count} endings of holds wait for Redis.", EventName = "RedisOutboxWaits")]
    private partial void LogOutboxWaits(int count, Exception failure);

    [LoggerMessage(633, LogLevel.Information, "{Count} endings of holds that had waited were told to Redis.", EventName = "RedisOutboxDelivered")]
    private partial void LogOutboxDelivered(int count);

    [LoggerMessage(634, LogLevel.Error, "More than {Most} endings of holds wait for Redis; further ones are not kept, and their holds are charged at their estimates.", EventName = "RedisOutboxFull")]
    private partial void LogOutboxFull(int most);

    [LoggerMessage(635, LogLevel.Error, "{Count} endings of holds could not be told to Redis; their holds are charged at their estimates.", EventName = "RedisOutboxLost")]
    private partial void LogOutboxLost(int count);

    [LoggerMessage(636, LogLevel.Debug, "Holds that are over were not looked for.", EventName = "RedisSweepFailed")]
    private partial void LogSweepFailed(Exception failure);
}
