using BudgetGuard.Accounting;

namespace BudgetGuard.Redis.Tests;

/// <summary>How nodes go over all accounts: one at a time, some accounts at a time, and no further than they are let.</summary>
public sealed class WalkTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    private static readonly DateTimeOffset _start = new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private static readonly BudgetTerms _users = new()
    {
        Name = "users", Unit = BudgetUnit.Usd, Window = new WindowSpec(BudgetPeriod.Day, TimeZoneInfo.Utc), Per = ["User"], AlertAt = [0.5m],
    };

    [Fact]
    public async Task Many_accounts_are_looked_at_some_at_a_time_with_a_rest_between()
    {
        var time = new RestingTime(_start);
        CountingTransport? calls = null;
        await using Node node = await NodeAsync(time, wrap: inner => calls = new CountingTransport(inner));
        await SpendAsync(node, 1_050);
        calls!.Calls.Clear();
        Task scan = node.Tracker.ScanAsync(default).AsTask();
        int rests = 0;
        while (await RestsAsync(time, scan))
        {
            // It goes on when its rest is over, and not before.
            int read = calls.Count("read");
            await node.Tracker.ReadAsync(Of(0), default);
            Assert.Equal(read + 1, calls.Count("read"));
            rests++;
            time.Advance(TimeSpan.FromSeconds(1));
        }

        await scan;
        Assert.InRange(rests, 10, 20);
        Assert.InRange(calls.MostKeys, 100, 2 + (3 * AccountWalk.AtOnce));
        Assert.True(calls.Calls.Where(static call => call.Script == "watched").Sum(static call => call.Keys) >= 1_051);

        // Nothing was spent since: nothing is noted.
        calls.Calls.Clear();
        scan = node.Tracker.ScanAsync(default).AsTask();
        while (await RestsAsync(time, scan))
        {
            time.Advance(TimeSpan.FromSeconds(1));
        }

        await scan;
        Assert.Equal(0, calls.Count("note"));
    }

    [Fact]
    public async Task A_look_that_is_cancelled_ends_where_it_is()
    {
        var time = new RestingTime(_start);
        CountingTransport? calls = null;
        await using Node node = await NodeAsync(time, wrap: inner => calls = new CountingTransport(inner));
        await SpendAsync(node, 450);
        calls!.Calls.Clear();
        using var stop = new CancellationTokenSource();
        Task scan = node.Tracker.ScanAsync(stop.Token).AsTask();
        Assert.True(await RestsAsync(time, scan));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => scan.WaitAsync(_patience));
        Assert.InRange(calls.Count("read"), 1, 2);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await node.Tracker.SummarizeAsync(stop.Token));
    }

    [Fact]
    public async Task Accounts_whose_window_is_over_are_passed_over()
    {
        var time = new RestingTime(_start);
        CountingTransport? calls = null;
        await using Node node = await NodeAsync(time, wrap: inner => calls = new CountingTransport(inner));
        await SpendAsync(node, 50);
        time.Advance(TimeSpan.FromDays(1));
        await SpendAsync(node, 2);
        calls!.Calls.Clear();
        await node.Tracker.ScanAsync(default);
        Assert.Equal(3, calls.Calls.Where(static call => call.Script == "watched").Sum(static call => call.Keys));
    }

    [Fact]
    public async Task One_node_looks_and_another_when_it_ends_or_breaks_down()
    {
        var time = new RestingTime(_start);
        string tree = RedisFixture.NewTree();
        CountingTransport[] calls = new CountingTransport[3];
        var nodes = new Node[3];
        for (int i = 0; i < 3; i++)
        {
            int number = i;
            nodes[i] = await NodeAsync(time, tree, inner => calls[number] = new CountingTransport(inner));
        }

        async Task<string> LookAsync()
        {
            int[] before = [.. calls.Select(static one => one.Count("opened"))];
            for (int i = 0; i < 3; i++)
            {
                if (!nodes[i].IsDisposed)
                {
                    await nodes[i].Tracker.ScanAsync(default);
                }
            }

            return string.Join(' ', calls.Select((one, i) => one.Count("opened") - before[i]));
        }

        Assert.Equal("1 0 0", await LookAsync());
        time.Advance(TimeSpan.FromSeconds(40));
        Assert.Equal("1 0 0", await LookAsync());
        Assert.NotNull(await nodes[0].Tracker.SummarizeAsync(default));
        Assert.Null(await nodes[1].Tracker.SummarizeAsync(default));
        await nodes[0].DisposeAsync();
        Assert.Equal("0 1 0", await LookAsync());

        // Nothing is heard of it any more.
        time.Advance(WatchSeat.For);
        await nodes[2].Tracker.ScanAsync(default);
        Assert.Equal("0 0 1", await LookAsync());
        await nodes[1].DisposeAsync();
        await nodes[2].DisposeAsync();
    }

    [Fact]
    public async Task A_summary_is_what_one_in_memory_says()
    {
        BudgetTerms team = new() { Name = "team", Unit = BudgetUnit.Requests, Window = new WindowSpec(BudgetPeriod.Total, TimeZoneInfo.Utc, TimeSpan.FromHours(1)), Per = ["Team"] };
        BudgetTerms all = new() { Name = "all", Unit = BudgetUnit.Tokens, Window = WindowSpec.Total };
        BudgetTerms few = _users with { Name = "few", MaxTrackedPartitions = 2 };
        await using var world = new WatchWorld(redis, _start, new Account(team, [], 10), new Account(all, [], 1_000_000), new Account(few, [], 1_000), Of(0));
        Node one = await world.AddAsync();
        var random = new Random(1);
        for (int i = 0; i < 200; i++)
        {
            string value = $"{random.Next(6)}";
            Account account = random.Next(4) switch { 0 => new(team, [value], 10), 1 => new(all, [], 1_000_000), 2 => new(few, [value], 1_000), _ => Of(random.Next(40)) };
            await world.SpendAsync(account, random.Next(1, 60));
            world.Time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(world.Memory.Summarize().OrderBy(static used => used.Budget), (await one.Tracker.SummarizeAsync(default))!.OrderBy(static used => used.Budget));
        world.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal("all", Assert.Single((await one.Tracker.SummarizeAsync(default))!).Budget);
    }

    [Fact]
    public async Task What_is_spent_of_what_nodes_borrowed_is_looked_at()
    {
        BudgetTerms day = _users with { Name = "day", Per = [], ForecastAt = 0, SpikeFactor = 0 };
        var account = new Account(day, [], 1_000_000);
        await using var world = new WatchWorld(redis, _start.AddHours(1), account);
        Node node = await world.AddAsync(borrows: true);
        var set = new AccountSet([account]);
        long began = TimeProvider.System.GetTimestamp();
        int spent = 0;
        while (node.Leased!.Decided.Local < 20)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < _patience);
            HoldResult held = await node.Leased.HoldAsync(new HoldRequest(set, WatchWorld.Nanos(1), TimeSpan.FromHours(1)), default);
            if (held.Outcome == HoldOutcome.Held)
            {
                await node.Leased.SettleAsync(held.Hold, WatchWorld.Nanos(1), default);
                spent++;
            }

            await Task.Yield();
        }

        world.Time.Advance(TimeSpan.FromSeconds(1));
        await node.Leased.KeepAsync(default);
        await world.LookAsync();
        Assert.Equal(spent, Assert.Single((await node.Leased.SummarizeAsync(default))!).Used);
        await node.Tracker.SettleAsync(
            (await node.Tracker.HoldAsync(new HoldRequest(new AccountSet([account]), WatchWorld.Nanos(550_000), TimeSpan.FromHours(1)), default)).Hold, WatchWorld.Nanos(550_000), default);
        await world.LookAsync();
        Assert.Equal(0.5m, Assert.Single(world.ToldOf(AccountEventKind.ThresholdReached)).Threshold);
        world.Time.Advance(TimeSpan.FromDays(1));
        await world.LookAsync();
        Assert.Single(world.ToldOf(AccountEventKind.Recovered));
    }

    private static Account Of(int user) => new(_users, [$"user {user}"], 1_000);

    private static async Task SpendAsync(Node node, int users)
    {
        for (int i = 0; i < users; i++)
        {
            HoldResult held = await node.Tracker.HoldAsync(new HoldRequest(new AccountSet([Of(i)]), WatchWorld.Nanos(10), TimeSpan.FromMinutes(1)), default);
            await node.Tracker.SettleAsync(held.Hold, WatchWorld.Nanos(10), default);
        }
    }

    /// <summary>Waits until the walk rests; false if it has come to its end.</summary>
    private static async Task<bool> RestsAsync(RestingTime time, Task walk)
    {
        Task<bool> rests = time.Rests.WaitToReadAsync().AsTask();
        return await Task.WhenAny(rests, walk).WaitAsync(_patience) == rests && time.Rests.TryRead(out _);
    }

    private async Task<Node> NodeAsync(RestingTime time, string? tree = null, Func<IRedisTransport, IRedisTransport>? wrap = null) =>
        await Node.StartAsync(
            redis.Server.Address, time, tree ?? RedisFixture.NewTree(), sendsTime: true, listener: new Silent(), budgets: [Of(0)], wrap: wrap);

    private sealed class Silent : IAccountEvents
    {
        public void Occurred(AccountEvent accountEvent)
        {
        }
    }
}
