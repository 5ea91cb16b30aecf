using StackExchange.Redis;

namespace BudgetGuard.Redis.Tests;

/// <summary>Loses a script on its way, or its answer.</summary>
internal sealed class LosingTransport(IRedisTransport inner) : IRedisTransport
{
    private string _script = "";
    private bool _isRun;
    /// <summary>How many are still to be lost.</summary>
    public int Left { get; private set; }

    public void Lose(string script, bool isRun, int times) => (_script, _isRun, Left) = (script, isRun, times);

    public async ValueTask<RedisResult> RunAsync(RedisScript script, RedisKey[] keys, RedisValue[] arguments, CancellationToken cancellationToken)
    {
        if (script.Name != _script || Left == 0)
        {
            return await inner.RunAsync(script, keys, arguments, cancellationToken);
        }

        Left--;
        if (_isRun)
        {
            await inner.RunAsync(script, keys, arguments, cancellationToken);
        }

        throw new RedisUnavailableException("Lost.", wasSent: true, new TimeoutException());
    }
}
