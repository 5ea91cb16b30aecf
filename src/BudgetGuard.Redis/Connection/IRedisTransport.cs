using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>How scripts reach Redis. Each call is one round trip; its wait is bounded by who made the transport.</summary>
internal interface IRedisTransport
{
    /// <summary>Runs a script on the primary.</summary>
    /// <param name="script">The script.</param>
    /// <param name="keys">Every key it touches; all of one hash slot.</param>
    /// <param name="arguments">Its arguments; amounts and times as decimal text, never as floating point.</param>
    /// <param name="cancellationToken">Ends the wait, not the script: whether it ran is then not known.</param>
    /// <exception cref="RedisUnavailableException">Redis did not answer in time, or is known not to answer; whether the script ran is not known unless <see cref="RedisUnavailableException.WasSent"/> is false.</exception>
    ValueTask<RedisResult> RunAsync(RedisScript script, RedisKey[] keys, RedisValue[] arguments, CancellationToken cancellationToken);
}
