namespace BudgetGuard.Redis.Tests;

/// <summary>One server for the tests of a class, each with a tree of its own.</summary>
public sealed class RedisFixture : IAsyncLifetime
{
    private static int _trees;

    internal RedisServer Server { get; private set; } = null!;

    public static string NewTree() => $"test{Interlocked.Increment(ref _trees)}";

    public async Task InitializeAsync() => Server = await RedisServer.StartAsync();

    public async Task DisposeAsync() => await Server.DisposeAsync();
}
