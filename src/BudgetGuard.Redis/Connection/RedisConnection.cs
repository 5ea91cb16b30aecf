using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>The one connection of the app, of its own: what others do with theirs, blocking or selecting, does not come in its way.</summary>
internal sealed class RedisConnection(RedisSetup setup) : IAsyncDisposable
{
    private readonly ConnectionMultiplexer _connection = ConnectionMultiplexer.Connect(setup.Connection);

    public IDatabase Database => _connection.GetDatabase();

    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
