using Polly;
using Polly.CircuitBreaker;
using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>
/// Runs scripts by their digest, with their text where the server does not know them. Nothing is tried twice that may have run: who asked decides that. After some failures
/// it is not asked for a second, so that requests do not wait for what is known to be away.
/// </summary>
internal sealed class RedisTransport : IRedisTransport
{
    private readonly IDatabase _database;
    private readonly TimeProvider _time;
    private readonly Func<TimeSpan> _timeout;
    private readonly ResiliencePipeline _breaker;

    public RedisTransport(IDatabase database, Func<TimeSpan> timeout, TimeProvider time)
    {
        _database = database;
        _time = time;
        _timeout = timeout;
        _breaker = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<RedisUnavailableException>(),
                FailureRatio = 0.5,
                MinimumThroughput = 4,
                SamplingDuration = TimeSpan.FromSeconds(2),
                BreakDuration = TimeSpan.FromSeconds(1),
            })
            .Build();
    }

    public async ValueTask<RedisResult> RunAsync(RedisScript script, RedisKey[] keys, RedisValue[] arguments, CancellationToken cancellationToken)
    {
        try
        {
            return await _breaker.ExecuteAsync(
                static (call, token) => call.Self.InvokeAsync(call.Script, call.Keys, call.Arguments, token),
                (Self: this, Script: script, Keys: keys, Arguments: arguments),
                cancellationToken).ConfigureAwait(false);
        }
        catch (BrokenCircuitException broken)
        {
            throw new RedisUnavailableException("Redis did not answer lately, and is not asked for a moment.", wasSent: false, broken);
        }
    }

    private async ValueTask<RedisResult> InvokeAsync(RedisScript script, RedisKey[] keys, RedisValue[] arguments, CancellationToken cancellationToken)
    {
        TimeSpan timeout = _timeout();
        try
        {
            return await _database.ScriptEvaluateAsync(script.Digest, keys, arguments, CommandFlags.DemandMaster)
                .WaitAsync(timeout, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (RedisServerException unknown) when (unknown.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            return await WithTextAsync(script, keys, arguments, timeout, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (ToUnavailable(failure) is { } unavailable)
        {
            throw unavailable;
        }
    }

    private async ValueTask<RedisResult> WithTextAsync(
        RedisScript script, RedisKey[] keys, RedisValue[] arguments, TimeSpan timeout, CancellationToken cancellationToken)
    {
        List<object> parts = [script.Text, keys.Length];
        parts.AddRange(keys.Cast<object>());
        parts.AddRange(arguments.Cast<object>());
        try
        {
            return await _database.ExecuteAsync("EVAL", parts, CommandFlags.DemandMaster).WaitAsync(timeout, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (ToUnavailable(failure) is { } unavailable)
        {
            throw unavailable;
        }
    }

    private static RedisUnavailableException? ToUnavailable(Exception failure) => failure switch
    {
        TimeoutException => new RedisUnavailableException("Redis did not answer in time.", wasSent: true, failure),

        // Without a connection nothing is queued: it was not sent.
        RedisConnectionException { FailureType: ConnectionFailureType.UnableToResolvePhysicalConnection or ConnectionFailureType.UnableToConnect } =>
            new RedisUnavailableException("Redis cannot be reached.", wasSent: false, failure),
        RedisConnectionException => new RedisUnavailableException("The connection to Redis broke.", wasSent: true, failure),
        RedisServerException server => new RedisUnavailableException($"Redis refused: {server.Message}", wasSent: true, failure),
        ObjectDisposedException => new RedisUnavailableException("The connection to Redis is closed.", wasSent: false, failure),
        _ => null,
    };
}
