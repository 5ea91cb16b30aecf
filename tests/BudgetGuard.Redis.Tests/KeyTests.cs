using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace BudgetGuard.Redis.Tests;

/// <summary>How long keys live on the server's own clock, and how much of an account a step touches.</summary>
public sealed class KeyTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    private const double Never = 9_007_199_254_740_991;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Debt_keeps_its_account_until_it_is_paid(bool isSplit)
    {
        string tree = RedisFixture.NewTree();
        await using Node node = await Node.StartAsync(redis.Server.Address, tree: tree);
        await using ConnectionMultiplexer admin = await redis.Server.ConnectAsync();
        Account account = Daily(100, isSplit, carries: true);
        HoldResult held = await node.Tracker.HoldAsync(new HoldRequest(new AccountSet([account]), Requests(60), TimeSpan.FromMinutes(1)), default);
        RedisKey key = Assert.Single(Keys(admin, tree, "a"));
        Assert.NotNull(await admin.GetDatabase().KeyTimeToLiveAsync(key));
        await node.Tracker.SettleAsync(held.Hold, Requests(250), default);
        Assert.Null(await admin.GetDatabase().KeyTimeToLiveAsync(key));
        Assert.Equal(isSplit ? Never : null, await PlaceAsync());

        // Given back: what is left of it fits, and the account is like any other.
        await node.Tracker.AdjustAsync(held.Hold, Requests(250), Requests(90), default);
        Assert.NotNull(await admin.GetDatabase().KeyTimeToLiveAsync(key));
        Assert.NotEqual(Never, await PlaceAsync());

        async Task<double?> PlaceAsync() => Keys(admin, tree, "n") is [var places] ? await admin.GetDatabase().SortedSetScoreAsync(places, (string)key!) : null;
    }

    [Fact]
    public async Task Account_without_debt_is_forgotten_after_its_window()
    {
        string tree = RedisFixture.NewTree();
        await using Node node = await Node.StartAsync(redis.Server.Address, tree: tree);
        await using ConnectionMultiplexer admin = await redis.Server.ConnectAsync();
        HoldResult held = await node.Tracker.HoldAsync(
            new HoldRequest(new AccountSet([Daily(100, isSplit: false, carries: false)]), Requests(60), TimeSpan.FromMinutes(1)), default);
        await node.Tracker.SettleAsync(held.Hold, Requests(250), default);
        TimeSpan? left = await admin.GetDatabase().KeyTimeToLiveAsync(Assert.Single(Keys(admin, tree, "a")));
        Assert.InRange(left!.Value, TimeSpan.FromHours(48), TimeSpan.FromHours(75));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Step_reads_the_same_however_many_windows_are_kept(bool carries)
    {
        string tree = RedisFixture.NewTree();
        var time = new FakeTimeProvider(new DateTimeOffset(2027, 3, 1, 0, 0, 30, TimeSpan.Zero));
        await using Node node = await Node.StartAsync(redis.Server.Address, time, tree, sendsTime: true);
        await using ConnectionMultiplexer admin = await redis.Server.ConnectAsync();
        var set = new AccountSet([new Account(
            new BudgetTerms { Name = "minute", Unit = BudgetUnit.Requests, Window = new WindowSpec(BudgetPeriod.Minute, TimeZoneInfo.Utc), CarryDebt = carries }, [], 100)]);
        List<Hold> released = [];
        for (int minute = 0; minute < 150; minute++)
        {
            // A hold that was released may still be settled: its window is kept.
            HoldResult result = await node.Tracker.HoldAsync(new HoldRequest(set, Requests(1), TimeSpan.FromSeconds(20)), default);
            await node.Tracker.ReleaseAsync(result.Hold, default);
            released.Add(result.Hold);
            time.Advance(TimeSpan.FromMinutes(1));
        }

        await node.Tracker.HoldAsync(new HoldRequest(set, Requests(1), TimeSpan.FromSeconds(20)), default);
        long before = await ReadsAsync(admin);
        await node.Tracker.HoldAsync(new HoldRequest(set, Requests(1), TimeSpan.FromSeconds(20)), default);
        Assert.InRange(await ReadsAsync(admin) - before, 1, 4);

        // Late all the same, and in its own window: the one of now has nothing of it.
        await node.Tracker.SettleAsync(released[3], Requests(7), default);
        await node.Tracker.SettleAsync(released[147], Requests(7), default);
        Assert.Equal(0, (await node.Tracker.ReadAsync(set.Accounts[0], default)).Settled);
        time.Advance(TimeSpan.FromHours(50));
        await node.Tracker.HoldAsync(new HoldRequest(set, Requests(1), TimeSpan.FromSeconds(20)), default);
        HashEntry[] fields = await admin.GetDatabase().HashGetAllAsync(Assert.Single(Keys(admin, tree, "a")));
        Assert.InRange(fields.Length, 2, 5);
    }

    private static Account Daily(long limit, bool isSplit, bool carries) => new(
        new BudgetTerms
        {
            Name = "daily",
            Unit = BudgetUnit.Requests,
            Window = new WindowSpec(BudgetPeriod.Day, TimeZoneInfo.Utc),
            CarryDebt = carries,
            Per = isSplit ? ["User"] : [],
            MaxTrackedPartitions = 10,
        },
        isSplit ? ["ann"] : [],
        limit);

    private static Charge Requests(long count) => new(Money.Zero, 0, count);

    private static RedisKey[] Keys(ConnectionMultiplexer admin, string tree, string kind) => [.. admin.GetServers()[0].Keys(pattern: $"bg1:{{{tree}}}:{kind}:*")];

    private static async Task<long> ReadsAsync(ConnectionMultiplexer admin)
    {
        string text = (string)(await admin.GetDatabase().ExecuteAsync("INFO", "commandstats"))!;
        return text.Split('\n').Where(static line => line.StartsWith("cmdstat_hget:", StringComparison.Ordinal) || line.StartsWith("cmdstat_hmget:", StringComparison.Ordinal))
            .Sum(static line => long.Parse(line.Split("calls=")[1].Split(',')[0], CultureInfo.InvariantCulture));
    }
}
