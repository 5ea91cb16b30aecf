using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;

namespace BudgetGuard.Redis.Tests;

/// <summary>What nodes promise that borrow: never more than there is, and every cent of it found again.</summary>
public sealed class LeaseTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    private static readonly TimeSpan Ttl = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Nodes_that_want_more_than_there_is_get_exactly_what_there_is()
    {
        string tree = RedisFixture.NewTree();
        Account account = Requests(1_000);
        await using Node one = await NodeAsync(tree);
        await using Node two = await NodeAsync(tree);
        await using Node three = await NodeAsync(tree);
        int admitted = 0;
        await Task.WhenAll(((Node[])[one, two, three]).SelectMany(node => Enumerable.Range(0, 32).Select(_ => Task.Run(async () =>
        {
            var set = new AccountSet([account]);
            while (await TryHoldAsync(node, set, 1) is var result)
            {
                if (result.Outcome == HoldOutcome.Held)
                {
                    Interlocked.Increment(ref admitted);
                    await node.Leased!.SettleAsync(result.Hold, Charge(1), default);
                }
                else if (!result.Refusals[0].IsHeldByOthers)
                {
                    return;
                }
            }
        }))));
        Assert.Equal(1_000, admitted);
        Assert.True(one.Leased!.Decided.Local > 0, "Nothing was decided on what was borrowed.");
        await EventuallyAsync(async () => await one.Tracker.ReadAsync(account, default) is { Held: 0 });
        Assert.Equal(1_000, (await one.Tracker.ReadAsync(account, default)).Settled);
    }

    [Fact]
    public async Task Whatever_nodes_do_the_shared_account_has_what_was_really_used()
    {
        string tree = RedisFixture.NewTree();
        Account[] accounts = [Requests(1_000_000, "a"), Requests(50_000, "b"), Requests(700, "c")];
        long[] used = new long[3];
        Node[] nodes = [await NodeAsync(tree), await NodeAsync(tree), await NodeAsync(tree)];
        await Task.WhenAll(nodes.SelectMany((node, number) => Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            var random = new Random((number * 100) + worker);
            int[][] choices = [[0], [0, 1], [0, 1, 2], [1]];
            AccountSet[] sets = [.. choices.Select(choice => new AccountSet([.. choice.Select(i => accounts[i])]))];
            for (int i = 0; i < 400; i++)
            {
                int which = random.Next(choices.Length);
                HoldResult result = await TryHoldAsync(node, sets[which], random.Next(1, 4));
                if (result.Outcome != HoldOutcome.Held)
                {
                    continue;
                }

                if (random.Next(10) == 0)
                {
                    HoldResult grown = await node.Leased!.ExtendAsync(result.Hold, Charge(2), default);
                    result = grown.Outcome == HoldOutcome.Held ? grown : result;
                }

                long actual = random.Next(4) == 0 ? 0 : random.Next(6);
                foreach (int one in choices[which])
                {
                    Interlocked.Add(ref used[one], actual);
                }

                await (actual == 0 ? node.Leased!.ReleaseAsync(result.Hold, default) : node.Leased!.SettleAsync(result.Hold, Charge(actual), default));
                if (actual > 0 && random.Next(10) == 0)
                {
                    // Twice the same is once; a correction is one.
                    await node.Leased!.SettleAsync(result.Hold, Charge(actual), default);
                    await node.Leased!.AdjustAsync(result.Hold, Charge(actual), Charge(actual + 1), default);
                    foreach (int one in choices[which])
                    {
                        Interlocked.Increment(ref used[one]);
                    }
                }
            }
        }))));
        foreach (Node node in nodes)
        {
            await node.DisposeAsync();
        }

        await using Node last = await Node.StartAsync(redis.Server.Address, tree: tree);
        for (int i = 0; i < accounts.Length; i++)
        {
            AccountState state = await last.Tracker.ReadAsync(accounts[i], default);
            Assert.Equal((i, used[i], 0L), (i, state.Settled, state.Held));
        }
    }

    [Fact]
    public async Task What_one_node_has_borrowed_and_does_not_use_another_gets()
    {
        string tree = RedisFixture.NewTree();
        Account account = Requests(100);
        await using Node one = await NodeAsync(tree);
        await using Node two = await NodeAsync(tree);
        await BorrowedAsync(one, account);
        AccountState state = await two.Tracker.ReadAsync(account, default);
        Assert.True(state.Held > 0 && state.Available < 95, state.ToString());
        var set = new AccountSet([account]);
        await EventuallyAsync(async () => (await TryHoldAsync(two, set, 95 - (int)state.Settled)).Outcome == HoldOutcome.Held);
    }

    [Fact]
    public async Task What_lies_idle_goes_back()
    {
        string tree = RedisFixture.NewTree();
        Account account = Requests(100);
        await using Node node = await NodeAsync(tree);
        int held = await BorrowedAsync(node, account);
        await EventuallyAsync(async () => await node.Tracker.ReadAsync(account, default) is { Held: 0 } state && state.Settled == held);
    }

    [Fact]
    public async Task What_is_borrowed_is_decided_on_while_Redis_is_away_and_told_when_it_is_back()
    {
        await using RedisServer server = await RedisServer.StartAsync("--appendonly", "yes", "--appendfsync", "always");
        Account account = Requests(100_000);
        await using Node node = await Node.StartAsync(server.Address, borrows: true, timeout: TimeSpan.FromSeconds(5));
        int settled = await BorrowedAsync(node, account);
        await server.KillAsync();
        var set = new AccountSet([account]);
        for (int i = 0; i < 500; i++)
        {
            HoldResult result = await TryHoldAsync(node, set, 1);
            Assert.Equal(HoldOutcome.Held, result.Outcome);
            await node.Leased!.SettleAsync(result.Hold, Charge(1), default);
        }

        await server.RestartAsync();
        await EventuallyAsync(async () =>
        {
            try
            {
                return (await node.Tracker.ReadAsync(account, default)).Settled == settled + 500;
            }
            catch (RedisUnavailableException)
            {
                return false;
            }
        });
    }

    [Fact]
    public async Task A_node_that_breaks_down_leaves_no_more_than_a_part_which_is_charged_when_its_time_is_over()
    {
        string tree = RedisFixture.NewTree();
        Account account = Requests(1_000);
        Node lost = await NodeAsync(tree);
        await BorrowedAsync(lost, account);
        await lost.Leased!.CrashAsync();
        await using Node other = await Node.StartAsync(redis.Server.Address, tree: tree);
        AccountState state = await other.Tracker.ReadAsync(account, default);
        Assert.InRange(state.Held, 1, 250);
        await using ConnectionMultiplexer admin = await redis.Server.ConnectAsync();

        // As if a minute had passed.
        await admin.GetDatabase().SortedSetAddAsync($"bg1:{{{tree}}}:x", [.. (await admin.GetDatabase().SortedSetRangeByRankAsync($"bg1:{{{tree}}}:x")).Select(static one => new SortedSetEntry(one, 1))]);
        foreach (RedisKey key in admin.GetServers()[0].Keys(pattern: $"bg1:{{{tree}}}:h:*"))
        {
            string record = (await admin.GetDatabase().StringGetAsync(key))!;
            string[] first = record.Split('\n')[0].Split(' ');
            if (first[0] == "H")
            {
                await admin.GetDatabase().StringSetAsync(key, string.Join(' ', first[0], first[1], first[2], "1") + record[record.IndexOf('\n')..]);
            }
        }

        AccountState after = await other.Tracker.ReadAsync(account, default);
        Assert.Equal((state.Settled + state.Held, 0L), (after.Settled, after.Held));
    }

    [Fact]
    public async Task A_busy_node_seldom_asks()
    {
        string tree = RedisFixture.NewTree();
        Account account = Requests(1_000_000);
        await using Node node = await NodeAsync(tree);
        await BorrowedAsync(node, account);
        await using ConnectionMultiplexer admin = await redis.Server.ConnectAsync();
        long before = await ScriptsAsync(admin);
        var set = new AccountSet([account]);
        for (int i = 0; i < 20_000; i++)
        {
            HoldResult result = await TryHoldAsync(node, set, 1);
            await node.Leased!.SettleAsync(result.Hold, Charge(1), default);
        }

        long asked = await ScriptsAsync(admin) - before;
        Assert.True(asked <= 4_000, $"{asked} scripts for 20,000 requests.");
    }

    [Fact]
    public async Task Holds_with_names_are_shared()
    {
        string tree = RedisFixture.NewTree();
        Account account = Requests(1_000);
        await using Node one = await NodeAsync(tree);
        await using Node two = await NodeAsync(tree);
        await BorrowedAsync(one, account);
        var request = new HoldRequest(new AccountSet([account]), Charge(5), Ttl, new HoldId(3, 4));
        Assert.False((await one.Leased!.HoldAsync(request, default)).IsRepeat);
        Assert.True((await two.Leased!.HoldAsync(request with { Accounts = new AccountSet([account]) }, default)).IsRepeat);
    }

    private static Account Requests(long limit, string name = "race") =>
        new(new BudgetTerms { Name = name, Unit = BudgetUnit.Requests, Window = WindowSpec.Total }, [], limit);

    private static Charge Charge(long requests) => new(Money.Zero, 0, requests);

    private static async Task<HoldResult> TryHoldAsync(Node node, AccountSet set, long requests) =>
        await node.Leased!.HoldAsync(new HoldRequest(set, Charge(requests), Ttl), default);

    /// <summary>Asks until the node decides by itself; tells how many were admitted.</summary>
    private static async Task<int> BorrowedAsync(Node node, Account account)
    {
        var set = new AccountSet([account]);
        int admitted = 0;
        await EventuallyAsync(async () =>
        {
            HoldResult result = await TryHoldAsync(node, set, 1);
            admitted += result.Outcome == HoldOutcome.Held ? 1 : 0;
            await node.Leased!.SettleAsync(result.Hold, Charge(1), default);
            return node.Leased.Decided.Local > 0;
        });
        return admitted;
    }

    private async Task<Node> NodeAsync(string tree) => await Node.StartAsync(redis.Server.Address, tree: tree, borrows: true);

    private static async Task<long> ScriptsAsync(ConnectionMultiplexer admin)
    {
        string text = (string)(await admin.GetDatabase().ExecuteAsync("INFO", "commandstats"))!;
        return text.Split('\n').Where(static line => line.StartsWith("cmdstat_eval", StringComparison.Ordinal))
            .Sum(static line => long.Parse(line.Split("calls=")[1].Split(',')[0], CultureInfo.InvariantCulture));
    }

    private static async Task EventuallyAsync(Func<Task<bool>> isTrue)
    {
        long started = Stopwatch.GetTimestamp();
        while (!await isTrue())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Patience, "What was waited for does not come.");
            await Task.Delay(10);
        }
    }
}
