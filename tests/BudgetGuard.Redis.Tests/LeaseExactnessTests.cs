using System.Globalization;
using BudgetGuard.Accounting;
using Microsoft.Extensions.Time.Testing;

using static BudgetGuard.Redis.Tests.Borrowing;

namespace BudgetGuard.Redis.Tests;

/// <summary>What the shared account counts is never less than what nodes did on what they borrowed, step by step, on a clock of the test's own.</summary>
public sealed class LeaseExactnessTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    private static readonly TimeSpan Ttl = TimeSpan.FromMinutes(1);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2027, 3, 31, 12, 0, 0, TimeSpan.Zero));
    private readonly string _tree = RedisFixture.NewTree();

    [Fact]
    public async Task Part_that_is_renewed_counts_what_was_spent_of_it_all_along()
    {
        Account account = Requests(1_000);
        await using Node node = await NodeAsync();
        long spent = await BorrowAsync(node, account);
        var set = new AccountSet([account]);
        for (int second = 0; second < 50; second++)
        {
            HoldResult result = await HoldAsync(node, set, 1);
            await node.Leased!.SettleAsync(result.Hold, Charge(1), default);
            spent++;
            _time.Advance(TimeSpan.FromSeconds(1));
            await node.Leased.KeepAsync(default);
            AccountState state = await node.Tracker.ReadAsync(account, default);
            Assert.True(state.Settled >= spent - 1 && state.Settled + state.Held >= spent, $"after {second} seconds {state}, {spent} are spent");
        }
    }

    [Fact]
    public async Task Hold_on_a_part_that_goes_back_grows_on_the_shared_account()
    {
        Account account = Requests(1_000);
        await using Node node = await NodeAsync();
        long spent = await BorrowAsync(node, account);
        var set = new AccountSet([account]);
        HoldResult held = await HoldAsync(node, set, 1);
        await IdleAsync(node);
        Assert.Equal((spent, 1L), await ReadAsync(node, account));
        HoldResult grown = await node.Leased!.ExtendAsync(held.Hold, Charge(5), default);
        Assert.Equal(HoldOutcome.Held, grown.Outcome);
        await node.Leased.KeepAsync(default);
        Assert.Equal((spent, 6L), await ReadAsync(node, account));
        await node.Leased.SettleAsync(grown.Hold, Charge(4), default);
        await node.Leased.SettleAsync(grown.Hold, Charge(4), default);
        Assert.Equal((spent + 4, 0L), await ReadAsync(node, account));
    }

    [Fact]
    public async Task After_a_reset_there_is_what_there_was_at_first_and_not_more()
    {
        Account account = Requests(100);
        await using Node one = await NodeAsync();
        await using Node two = await NodeAsync();
        await BorrowAsync(one, account);
        HoldResult open = await HoldAsync(one, new AccountSet([account]), 1);

        // What was not told before would count after it.
        _time.Advance(TimeSpan.FromSeconds(1));
        await one.Leased!.KeepAsync(default);
        await two.Leased!.ResetAsync(account, default);
        await one.Leased!.SettleAsync(open.Hold, Charge(1), default);
        int admitted = 1;
        for (int second = 0; second < 12; second++)
        {
            foreach (Node node in (Node[])[one, two])
            {
                var set = new AccountSet([account]);
                while (await HoldAsync(node, set, 1) is { Outcome: HoldOutcome.Held } result)
                {
                    admitted++;
                    await node.Leased!.SettleAsync(result.Hold, Charge(1), default);
                }
            }

            _time.Advance(TimeSpan.FromSeconds(1));
            foreach (Node node in (Node[])[one, two])
            {
                await node.Tracker.PulseAsync(default);
                await node.Leased!.KeepAsync(default);
            }
        }

        Assert.Equal(100, admitted);
        Assert.Equal((100L, 0L), await ReadAsync(two, account));
    }

    [Theory]
    [InlineData(ExpiredHolds.Charge)]
    [InlineData(ExpiredHolds.Release)]
    public async Task Ending_that_comes_when_its_part_is_gone_counts_once(ExpiredHolds expired)
    {
        Account account = Requests(1_000);
        await using Node node = await NodeAsync(() => expired);
        long spent = await BorrowAsync(node, account);
        var set = new AccountSet([account]);
        Hold settled = (await HoldAsync(node, set, 5)).Hold;
        Hold corrected = (await HoldAsync(node, set, 5)).Hold;
        Hold released = (await HoldAsync(node, set, 5)).Hold;
        Hold forgotten = (await HoldAsync(node, set, 5)).Hold;
        for (int second = 0; second < 65; second += 5)
        {
            _time.Advance(TimeSpan.FromSeconds(5));
            await node.Leased!.KeepAsync(default);
        }

        long each = expired == ExpiredHolds.Charge ? 5 : 0;
        Assert.Equal((spent + (4 * each), 0L), await ReadAsync(node, account));
        await node.Leased!.SettleAsync(settled, Charge(7), default);
        await node.Leased.SettleAsync(settled, Charge(8), default);
        await node.Leased.SettleAsync(corrected, Charge(2), default);
        await node.Leased.AdjustAsync(corrected, Charge(2), Charge(3), default);
        await node.Leased.ReleaseAsync(released, default);
        await node.Leased.ReleaseAsync(released, default);
        Assert.Equal((spent + 7 + 3 + each, 0L), await ReadAsync(node, account));
        await node.Leased.AdjustAsync(forgotten, Charge(1), Charge(9), default);
        Assert.Equal((spent + 7 + 3 + 9, 0L), await ReadAsync(node, account));
    }

    [Fact]
    public async Task Part_that_cannot_be_told_keeps_no_other_from_it_when_a_node_ends()
    {
        Account[] accounts = [Requests(1_000, "a"), Requests(1_000, "b"), Requests(1_000, "c")];
        LosingTransport? transport = null;
        Node node = await Node.StartAsync(
            redis.Server.Address, _time, _tree, sendsTime: true, borrows: true, wrap: inner => transport = new LosingTransport(inner));
        long[] spent = [await BorrowAsync(node, accounts[0]), await BorrowAsync(node, accounts[1]), await BorrowAsync(node, accounts[2])];
        transport!.Lose("finish", isRun: false, times: 2);
        await node.DisposeAsync();
        await using Node other = await Node.StartAsync(redis.Server.Address, _time, _tree, sendsTime: true);
        for (int i = 0; i < accounts.Length; i++)
        {
            Assert.Equal((spent[i], 0L), await ReadAsync(other, accounts[i]));
        }
    }

    [Fact]
    public async Task Who_is_refused_is_told_so_also_where_the_rest_cannot_be_asked_for()
    {
        Account account = Requests(100);
        LosingTransport? transport = null;
        await using Node node = await Node.StartAsync(
            redis.Server.Address, _time, _tree, sendsTime: true, borrows: true, wrap: inner => transport = new LosingTransport(inner));
        await BorrowAsync(node, account);
        transport!.Lose("finish", isRun: false, times: 1);
        Assert.Equal(HoldOutcome.Refused, (await HoldAsync(node, new AccountSet([account]), 95)).Outcome);
        transport.Lose("recall", isRun: false, times: 1);
        Assert.Equal(HoldOutcome.Refused, (await HoldAsync(node, new AccountSet([account]), 99)).Outcome);
    }

    [Fact]
    public async Task Called_back_is_what_is_asked_for_and_nothing_else()
    {
        (Account wanted, Account other) = (Requests(100, "wanted"), Requests(100, "other"));
        await using Node one = await NodeAsync();
        await using Node two = await NodeAsync();
        await one.Tracker.PulseAsync(default);
        await BorrowAsync(one, wanted);
        await BorrowAsync(one, other);
        Assert.Equal(HoldOutcome.Refused, (await HoldAsync(two, new AccountSet([wanted]), 90)).Outcome);
        await EventuallyAsync(async () =>
        {
            await one.Tracker.PulseAsync(default);
            await one.Leased!.KeepAsync(default);
            return (await ReadAsync(two, wanted)).Held == 0;
        });
        Assert.NotEqual(0, (await ReadAsync(two, other)).Held);
        Assert.Equal(HoldOutcome.Held, (await HoldAsync(two, new AccountSet([wanted]), 90)).Outcome);
    }

    [Fact]
    public async Task Accounts_that_nobody_asks_for_any_more_are_forgotten()
    {
        await using Node node = await NodeAsync();
        var book = new LeaseBook(new InMemoryCostTracker(_time, static () => ExpiredHolds.Charge), node.Tracker, _time);
        for (int i = 0; i < 3_000; i++)
        {
            Assert.False(book.TryHold(new HoldRequest(new AccountSet([Requests(100, i.ToString(CultureInfo.InvariantCulture))]), Charge(1), Ttl), out _));
        }

        Assert.Equal(3_000, book.ForgetIdle());
        _time.Advance(TimeSpan.FromSeconds(62));
        Assert.Equal(0, book.ForgetIdle());
    }

    private static Account Requests(long limit, string name = "race") =>
        new(new BudgetTerms { Name = name, Unit = BudgetUnit.Requests, Window = WindowSpec.Total }, [], limit);

    private static async Task<(long Settled, long Held)> ReadAsync(Node node, Account account)
    {
        AccountState state = await node.Tracker.ReadAsync(account, default);
        return (state.Settled, state.Held);
    }

    private async Task<Node> NodeAsync(Func<ExpiredHolds>? expired = null) =>
        await Node.StartAsync(redis.Server.Address, _time, _tree, sendsTime: true, expired: expired, borrows: true);

    /// <summary>Lets so much time pass that what is borrowed goes back.</summary>
    private async Task IdleAsync(Node node)
    {
        _time.Advance(TimeSpan.FromSeconds(6));
        await node.Leased!.KeepAsync(default);
        await node.Leased.KeepAsync(default);
    }
}
