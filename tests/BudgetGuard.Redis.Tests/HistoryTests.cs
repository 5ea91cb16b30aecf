using BudgetGuard.Diagnostics;
using StackExchange.Redis;

namespace BudgetGuard.Redis.Tests;

/// <summary>What Redis keeps of decisions and spending, of all nodes together.</summary>
public sealed class HistoryTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    private static readonly DateTimeOffset _at = new(2027, 3, 10, 12, 30, 0, TimeSpan.Zero);

    [Fact]
    public async Task What_was_written_is_read_newest_first_and_once_however_often_it_comes()
    {
        await using ConnectionMultiplexer connection = await redis.Server.ConnectAsync();
        RedisHistoryStore store = Store(connection, RedisFixture.NewTree());
        HistoryBatch first = Batch(1, Guid.NewGuid(), Sum("ann", 70), Sum("a\ud800\"\\", 1), Sum(null, 2));
        first.Decided.Add(Decision(1, "ann"));
        first.Decided.Add(Decision(2, "Zoë \"\\ 😀") with { At = _at.AddSeconds(1), Kind = DecisionKind.Reject, Reason = "budget_exceeded", Budget = "daily", Cost = Money.FromNanos(3) });
        HistoryBatch second = Batch(2, first.Writer, Sum("ann", 5));
        second.Settled.Add(new DecisionCost(1, Money.FromNanos(70)));
        foreach (HistoryBatch batch in (HistoryBatch[])[first, first, second, first, second])
        {
            await store.WriteAsync(batch);
        }

        List<DecisionEntry> decisions = await store.ReadDecisionsAsync(10, default);
        Assert.Equal([first.Decided[1], first.Decided[0] with { Cost = Money.FromNanos(70) }], decisions);
        Assert.Equal(first.Decided[1], Assert.Single(await store.ReadDecisionsAsync(1, default)));
        List<HourSpend> spend = await SpendAsync(store);
        Assert.Equal(
            [(null, 2), ("ann", 75), ("a\ud800\"\\", 1)],
            spend.Select(static one => (one.Key.User, one.Sum.CostNanos)).OrderBy(static one => one.User, StringComparer.Ordinal));
        Assert.All(spend, static one => Assert.Equal("daily,org", string.Join(',', one.Key.Budgets.Names)));
    }

    [Fact]
    public async Task Nodes_add_up_and_what_is_too_much_is_forgotten()
    {
        await using ConnectionMultiplexer connection = await redis.Server.ConnectAsync();
        string tree = RedisFixture.NewTree();
        RedisHistoryStore one = Store(connection, tree);
        RedisHistoryStore two = Store(connection, tree);
        HistoryBatch here = Batch(1, Guid.NewGuid(), [.. Enumerable.Range(0, SpendBook.MostAnHour + 50).Select(static user => Sum($"user{user}", 1))]);
        here.Decided.AddRange(Enumerable.Range(1, RedisHistoryStore.MostDecisions + 10).Select(static ticket => Decision(ticket, "ann") with { At = _at.AddMilliseconds(ticket) }));
        await Task.WhenAll(one.WriteAsync(here), two.WriteAsync(Batch(1, Guid.NewGuid(), Sum("user1", 100))));
        List<DecisionEntry> decisions = await two.ReadDecisionsAsync(int.MaxValue, default);
        Assert.Equal(RedisHistoryStore.MostDecisions, decisions.Count);
        Assert.Equal(RedisHistoryStore.MostDecisions + 10, decisions[0].Ticket);
        List<HourSpend> spend = await SpendAsync(two);
        Assert.InRange(spend.Count, SpendBook.MostAnHour, SpendBook.MostAnHour + 1);
        Assert.Equal(SpendBook.MostAnHour + 150, spend.Sum(static sum => (long)sum.Sum.CostNanos));
        List<HourSpend> none = [];
        await two.ReadSpendAsync(_at.AddHours(1), _at.AddHours(200), none.Add, default);
        Assert.Empty(none);
    }

    private static RedisHistoryStore Store(ConnectionMultiplexer connection, string tree) =>
        new(new RedisTransport(connection.GetDatabase(), static () => TimeSpan.FromSeconds(20), TimeProvider.System), tree);

    private static async Task<List<HourSpend>> SpendAsync(RedisHistoryStore store)
    {
        List<HourSpend> found = [];
        await store.ReadSpendAsync(_at.AddDays(-10), _at.AddDays(1), found.Add, default);
        return found;
    }

    private static HistoryBatch Batch(long number, Guid writer, params HourSpend[] spend) => new() { Writer = writer, Number = number, At = _at, Spend = spend };

    private static HourSpend Sum(string? user, long nanos) => new(
        new DateTime(2027, 3, 10, 12, 0, 0, DateTimeKind.Utc), new SpendKey(user, "gpt-4o", "chat", BudgetNames.Of(["daily", "org"])), new SpendSum { Requests = 1, CostNanos = nanos });

    private static DecisionEntry Decision(long ticket, string? user) => new()
    {
        Ticket = ticket, At = _at, User = user, Operation = "chat", Model = "gpt-4o", Kind = DecisionKind.Allow, Estimated = Money.FromNanos(9),
    };
}
