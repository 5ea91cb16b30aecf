using StackExchange.Redis;

namespace BudgetGuard.Redis.Tests;

/// <summary>A tree as it was, to which a server falls back that has lost its latest writes.</summary>
internal sealed class Snapshot
{
    private readonly ConnectionMultiplexer _connection;
    private readonly string _tree;
    private readonly List<(RedisKey Key, byte[] Value, TimeSpan? Left)> _all = [];

    private Snapshot(ConnectionMultiplexer connection, string tree) => (_connection, _tree) = (connection, tree);

    public static async Task<Snapshot> TakeAsync(ConnectionMultiplexer connection, string tree)
    {
        var snapshot = new Snapshot(connection, tree);
        IDatabase database = connection.GetDatabase();
        foreach (RedisKey key in snapshot.Keys())
        {
            snapshot._all.Add((key, (await database.KeyDumpAsync(key))!, await database.KeyTimeToLiveAsync(key)));
        }

        return snapshot;
    }

    public async Task PutBackAsync()
    {
        IDatabase database = _connection.GetDatabase();
        await database.KeyDeleteAsync(Keys());
        foreach ((RedisKey key, byte[] value, TimeSpan? left) in _all)
        {
            await database.KeyRestoreAsync(key, value, left);
        }
    }

    private RedisKey[] Keys() => [.. _connection.GetServers()[0].Keys(pattern: $"bg1:{{{_tree}}}:*")];
}
