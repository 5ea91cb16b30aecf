using BudgetGuard.Redis;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace BudgetGuard.Load;

/// <summary>
/// One of several processes that want more from one budget than there is: 64 clients hold and settle until they are refused. Each hold that was admitted is a line, so that
/// who is killed has told how many it had.
/// </summary>
internal static class RedisRace
{
    private const int Clients = 64;

    public static async Task RunAsync(string address, string tree, long limit, bool borrows)
    {
        await using ConnectionMultiplexer connection = await ConnectAsync(address);
        ICostTracker tracker = Open(connection, tree, borrows);
        await using var closing = (IAsyncDisposable)tracker;
        var account = new Account(new BudgetTerms { Name = "race", Unit = BudgetUnit.Requests, Window = WindowSpec.Total }, [], limit);
        TextWriter output = TextWriter.Synchronized(Console.Out);
        await output.WriteLineAsync("ready");
        await Console.In.ReadLineAsync();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(() => ClientAsync(tracker, new AccountSet([account]), output))));
    }

    public static async Task<ConnectionMultiplexer> ConnectAsync(string address)
    {
        ConfigurationOptions options = ConfigurationOptions.Parse(address);
        options.BacklogPolicy = BacklogPolicy.FailFast;
        return await ConnectionMultiplexer.ConnectAsync(options);
    }

    public static ICostTracker Open(ConnectionMultiplexer connection, string tree, bool borrows)
    {
        var signals = new RedisSignals(NullLogger.Instance);
        var transport = new RedisTransport(connection.GetDatabase(), static () => TimeSpan.FromSeconds(10), TimeProvider.System);
        var tracker = new RedisCostTracker(transport, tree, TimeProvider.System, static () => ExpiredHolds.Charge, null, signals);
        return borrows ? new LeasedCostTracker(tracker, TimeProvider.System, static () => ExpiredHolds.Charge, signals) : tracker;
    }

    private static async Task ClientAsync(ICostTracker tracker, AccountSet set, TextWriter output)
    {
        while (true)
        {
            HoldResult result = await tracker.HoldAsync(new HoldRequest(set, new Charge(Money.Zero, 0, 1), TimeSpan.FromMinutes(1)), CancellationToken.None);
            if (result.Outcome == HoldOutcome.Held)
            {
                await output.WriteLineAsync("admitted");
                await tracker.SettleAsync(result.Hold, new Charge(Money.Zero, 0, 1), CancellationToken.None);
            }
            else if (result.Refusals[0] is { IsHeldByOthers: false })
            {
                return;
            }
        }
    }
}
