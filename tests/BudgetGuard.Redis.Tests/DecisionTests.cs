using System.Net;
using BudgetGuard.Diagnostics;
using BudgetGuard.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace BudgetGuard.Redis.Tests;

/// <summary>A hold that one node gave is ended by any, once, and by nobody but whose it is.</summary>
public sealed class DecisionTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    private readonly string _tree = RedisFixture.NewTree();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Settled_on_another_node_counts_once_wherever_it_is_told_again(bool leases)
    {
        await using ApiNode a = await StartAsync(leases);
        await using ApiNode b = await StartAsync(leases);
        string hold = (await a.DecideAsync(0.5m)).Hold;
        Assert.Equal((0m, 0.5m), await b.BooksAsync());
        Assert.Equal("""200 {"cost":0.125}""", (await b.SettleAsync(hold, 0.125m)).ToString());
        Assert.Equal((0.125m, 0m), await a.BooksAsync());
        Assert.Equal("""200 {"cost":0.125}""", (await a.SettleAsync(hold, 0.125m)).ToString());
        Assert.Equal(HttpStatusCode.Conflict, (await a.SettleAsync(hold, 0.25m)).Status);
        Assert.Equal(HttpStatusCode.NoContent, await a.ReleaseAsync(hold));
        Assert.Equal((0.125m, 0m), await b.BooksAsync());
        Assert.True(await a.Get<HistoryKeeper>().TryWriteAsync(CancellationToken.None) && await b.Get<HistoryKeeper>().TryWriteAsync(CancellationToken.None));
        Assert.Equal((1, 0.125m), await a.SpentAsync());
    }

    [Fact]
    public async Task Where_it_was_taken_and_borrowed_much_it_is_known_to_all_the_same()
    {
        await using ApiNode a = await StartAsync(leases: true);
        await using ApiNode b = await StartAsync(leases: true);
        for (int i = 0; i < 40; i++)
        {
            string hold = (await a.DecideAsync(0.01m)).Hold;
            Assert.Equal(HttpStatusCode.OK, (await b.SettleAsync(hold, 0.01m)).Status);
        }

        Assert.Equal((0.4m, 0m), await a.BooksAsync());
    }

    [Fact]
    public async Task Settled_at_two_costs_on_two_nodes_at_once_it_is_one_of_them_and_that_is_what_is_told()
    {
        await using ApiNode a = await StartAsync();
        await using ApiNode b = await StartAsync();
        for (int round = 0; round < 10; round++)
        {
            decimal before = (await a.BooksAsync()).Settled;
            string hold = (await a.DecideAsync(0.05m)).Hold;
            ApiReply[] replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 4 < 2 ? a : b).SettleAsync(hold, i % 2 == 0 ? 0.01m : 0.02m)));
            string taken = Assert.Single(replies.Where(static reply => reply.Status == HttpStatusCode.OK).Select(static reply => reply.Text).Distinct());
            Assert.Equal(10, replies.Count(static reply => reply.Status == HttpStatusCode.Conflict));
            (decimal settled, decimal held) = await b.BooksAsync();
            Assert.Equal((taken == """{"cost":0.01}""" ? 0.01m : 0.02m, 0m), (settled - before, held));
        }
    }

    [Fact]
    public async Task Nobody_else_ends_it_on_any_node()
    {
        await using ApiNode a = await StartAsync();
        await using ApiNode b = await StartAsync();
        string hold = (await a.DecideAsync(0.5m)).Hold;
        foreach (ApiNode node in (ApiNode[])[a, b])
        {
            Assert.Equal(HttpStatusCode.NotFound, (await node.SettleAsync(hold, 0m, "foreign")).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await node.ExtendAsync(hold, 0.1m, "foreign")).Status);
            Assert.Equal(HttpStatusCode.NotFound, await node.ReleaseAsync(hold, "foreign"));
            Assert.Equal(HttpStatusCode.NotFound, (await node.SettleAsync(new string('0', 32), 0m)).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await node.SettleAsync("%7Btest%7D:x", 0m)).Status);
        }

        Assert.Equal((0m, 0.5m), await a.BooksAsync());
    }

    [Fact]
    public async Task Extended_and_released_on_another_node()
    {
        await using ApiNode a = await StartAsync();
        await using ApiNode b = await StartAsync();
        string hold = (await a.DecideAsync(0.25m)).Hold;
        ApiReply grown = await b.ExtendAsync(hold, 0.25m);
        Assert.Equal(("allow", 0.5m, 0.5m), (grown.Decision, grown.Json.GetProperty("estimated_cost").GetDecimal(), grown.Json.GetProperty("remaining").GetDecimal()));
        Assert.Equal(0.75m, (await a.ExtendAsync(hold, 0.25m)).Json.GetProperty("estimated_cost").GetDecimal());
        Assert.Equal("reject", (await b.ExtendAsync(hold, 0.5m)).Decision);
        Assert.Equal((0m, 0.75m), await a.BooksAsync());
        Assert.Equal(HttpStatusCode.NoContent, await b.ReleaseAsync(hold));
        Assert.Equal(HttpStatusCode.NoContent, await a.ReleaseAsync(hold));
        Assert.Equal(HttpStatusCode.Conflict, (await a.ExtendAsync(hold, 0.1m)).Status);
        Assert.Equal((0m, 0m), await a.BooksAsync());

        // What was used is a fact all the same.
        Assert.Equal(HttpStatusCode.OK, (await a.SettleAsync(hold, 0.1m)).Status);
        Assert.Equal((0.1m, 0m), await b.BooksAsync());
    }

    [Fact]
    public async Task Usage_is_priced_elsewhere_as_where_it_was_asked()
    {
        const string Question = """{"user":"ann","path":"/v1/chat/completions","request":{"model":"gpt-4o","max_tokens":500,"messages":[{"role":"user","content":"canary-prompt"}]}}""";
        const string Usage = """{"model":"gpt-4o","usage":{"prompt_tokens":1000,"completion_tokens":200,"total_tokens":1200}}""";
        await using ApiNode a = await StartAsync();
        await using ApiNode b = await StartAsync();
        ApiReply there = await b.SettleAsync((await a.DecideAsync(Question)).Hold, Usage);
        ApiReply here = await a.SettleAsync((await a.DecideAsync(Question)).Hold, Usage);
        Assert.Equal(HttpStatusCode.OK, there.Status);
        Assert.Equal(here.Text, there.Text);
        Assert.Equal((2 * here.Json.GetProperty("cost").GetDecimal(), 0m), await a.BooksAsync());
        await AssertNothingSecretAsync("canary-prompt");
    }

    [Fact]
    public async Task The_same_name_on_another_node_is_the_same_hold()
    {
        await using ApiNode a = await StartAsync();
        await using ApiNode b = await StartAsync();
        ApiReply first = await a.DecideAsync(0.75m, "job-1", "canary-caller");
        Assert.Equal(first.Text, (await b.DecideAsync(0.75m, "job-1", "canary-caller")).Text);
        Assert.Equal(first.Text, (await a.DecideAsync(0.75m, "job-1", "canary-caller")).Text);
        Assert.Equal((0m, 0.75m), await b.BooksAsync());
        Assert.Equal(HttpStatusCode.Conflict, (await b.DecideAsync(0.5m, "job-1", "canary-caller")).Status);

        // Another's name is another's.
        Assert.NotEqual(first.Hold, (await b.DecideAsync(0.1m, "job-1", "other")).Hold);
        await AssertNothingSecretAsync("canary-caller");
        await b.SettleAsync(first.Hold, 0.1m, "canary-caller");
        Assert.Equal(HttpStatusCode.Conflict, (await a.DecideAsync(0.75m, "job-1", "canary-caller")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await b.DecideAsync(0.75m, "job-1", "canary-caller")).Status);
    }

    [Fact]
    public async Task The_same_name_on_two_nodes_at_once_is_one_hold()
    {
        await using ApiNode a = await StartAsync();
        await using ApiNode b = await StartAsync();
        for (int round = 0; round < 10; round++)
        {
            string name = $"job-{round}";
            ApiReply[] replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? a : b).DecideAsync(0.05m, name)));
            Assert.Single(replies.Select(static reply => reply.Hold).Distinct());
            Assert.Equal((0m, 0.05m * (round + 1)), await a.BooksAsync());
        }
    }

    [Fact]
    public async Task After_a_restart_it_is_settled_on_the_accounts_it_was_taken_on_whatever_the_budgets_are_now()
    {
        string hold;
        await using (ApiNode before = await StartAsync())
        {
            hold = (await before.DecideAsync(0.5m)).Hold;
        }

        await using ApiNode after = await StartAsync(false, ("BudgetGuard:Budgets:daily:Per", "Team"));
        Assert.Equal(HttpStatusCode.OK, (await after.SettleAsync(hold, 0.125m)).Status);
        await using ApiNode again = await StartAsync();
        Assert.Equal((0.125m, 0m), await again.BooksAsync());
    }

    [Fact]
    public async Task While_the_server_is_away_it_is_503_and_afterwards_the_same_settlement_counts()
    {
        await using RedisServer server = await RedisServer.StartAsync("--appendonly", "yes", "--appendfsync", "always");
        await using ApiNode a = await ApiNode.StartAsync(guard => guard.UseRedis(server.Address), ("BudgetGuard:StoreTimeout", "500ms"));
        string hold = (await a.DecideAsync(0.5m)).Hold;
        await server.KillAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await a.SettleAsync(hold, 0.125m)).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await a.ReleaseAsync(hold));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await a.DecideAsync(0.5m, "job-1")).Status);
        await server.RestartAsync();
        ApiReply reply = await AgainAsync(() => a.SettleAsync(hold, 0.125m));
        Assert.Equal("""200 {"cost":0.125}""", reply.ToString());
        Assert.Equal("allow", (await AgainAsync(() => a.DecideAsync(0.5m, "job-1"))).Decision);
        Assert.Equal((0.125m, 0.5m), await a.BooksAsync());
    }

    private static async Task<ApiReply> AgainAsync(Func<Task<ApiReply>> ask)
    {
        for (int attempt = 0; ; attempt++)
        {
            ApiReply reply = await ask();
            if (reply.Status != HttpStatusCode.ServiceUnavailable || attempt == 100)
            {
                return reply;
            }

            // A real server that is away, and a breaker on the real clock.
            await Task.Delay(100);
        }
    }

    private Task<ApiNode> StartAsync(bool leases = false, params (string Key, string? Value)[] settings) => ApiNode.StartAsync(
        guard => guard.UseRedis(options => (options.ConnectionString, options.Tree, options.Leases) = (redis.Server.Address, _tree, leases)), settings);

    private async Task AssertNothingSecretAsync(string secret)
    {
        await using ConnectionMultiplexer connection = await redis.Server.ConnectAsync();
        var keys = (RedisResult[])(await connection.GetDatabase().ExecuteAsync("KEYS", $"bg1:{{{_tree}}}:*"))!;
        Assert.Contains(keys, key => ((string)key!).StartsWith($"bg1:{{{_tree}}}:d:", StringComparison.Ordinal));
        foreach (string key in keys.Select(static key => (string)key!))
        {
            Assert.DoesNotContain(secret, key, StringComparison.Ordinal);
            foreach (HashEntry entry in await connection.GetDatabase().KeyTypeAsync(key) == RedisType.Hash ? await connection.GetDatabase().HashGetAllAsync(key) : [])
            {
                Assert.DoesNotContain(secret, (string)entry.Value!, StringComparison.Ordinal);
            }
        }
    }
}
