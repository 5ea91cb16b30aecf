using System.Collections.Concurrent;
using StackExchange.Redis;

namespace BudgetGuard.Redis.Tests;

/// <summary>Notes which scripts are run, and on how many keys.</summary>
internal sealed class CountingTransport(IRedisTransport inner) : IRedisTransport
{
    public ConcurrentQueue<(string Script, int Keys)> Calls { get; } = new();

    public int MostKeys => Calls.Max(static call => call.Keys);

    public int Count(string script) => Calls.Count(call => call.Script == script);

    public ValueTask<RedisResult> RunAsync(RedisScript script, RedisKey[] keys, RedisValue[] arguments, CancellationToken cancellationToken)
    {
        Calls.Enqueue((script.Name, keys.Length));
        return inner.RunAsync(script, keys, arguments, cancellationToken);
    }
}
