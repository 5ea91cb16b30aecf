using BudgetGuard.Diagnostics;
using static BudgetGuard.Sqlite.Tests.Batches;

namespace BudgetGuard.Sqlite.Tests;

/// <summary>What a file keeps of decisions and spending.</summary>
public sealed class SqliteHistoryStoreTests : IDisposable
{
    private readonly HistoryDisk _disk = new();

    public void Dispose() => _disk.Dispose();

    [Fact]
    public async Task Where_nothing_was_written_there_is_nothing_and_no_file()
    {
        Assert.Empty(await _disk.Store.ReadDecisionsAsync(10, default));
        Assert.Empty(await _disk.SpendAsync());
        Assert.False(File.Exists(_disk.Path));
    }

    [Fact]
    public async Task What_was_written_is_there_when_the_file_is_opened_again()
    {
        HistoryBatch batch = Batch(1, Sum("ann", 70, model: "gpt-4o", budgets: ["daily", "org"]), Sum(null, 5, operation: null));
        batch.Decided.Add(Decision(1, "ann") with { Model = "gpt-4o", Cost = Money.FromNanos(70) });
        batch.Decided.Add(Decision(2, "Zoë \"'\\ 日本 😀") with { Kind = DecisionKind.Reject, Reason = "budget_exceeded", Budget = "daily" });
        batch.Decided.Add(Decision(3, null));
        await _disk.Store.WriteAsync(batch);
        _disk.Reopen();
        Assert.Equal(batch.Decided.AsEnumerable().Reverse(), await _disk.Store.ReadDecisionsAsync(10, default));
        Assert.Equal(batch.Decided[2], Assert.Single(await _disk.Store.ReadDecisionsAsync(1, default)));
        Assert.Equivalent(batch.Spend, await _disk.SpendAsync(), strict: true);
    }

    [Fact]
    public async Task A_batch_that_comes_again_counts_once()
    {
        HistoryBatch first = Batch(1, Sum("ann", 70));
        first.Decided.Add(Decision(1, "ann"));
        HistoryBatch second = Batch(2, Sum("ann", 5));
        second.Settled.Add(new DecisionCost(1, Money.FromNanos(70)));
        foreach (HistoryBatch batch in (HistoryBatch[])[first, first, second, first, second])
        {
            await _disk.Store.WriteAsync(batch);
            _disk.Reopen();
        }

        Assert.Equal(75, Assert.Single(await _disk.SpendAsync()).Sum.CostNanos);
        Assert.Equal(Money.FromNanos(70), Assert.Single(await _disk.Store.ReadDecisionsAsync(10, default)).Cost);
    }

    [Fact]
    public async Task Sums_and_decisions_of_two_nodes_stand_side_by_side()
    {
        using var other = new SqliteHistoryStore(_disk.Path);
        HistoryBatch here = Batch(1, Sum("ann", 70), Sum("bob", 1));
        here.Decided.Add(Decision(1, "ann"));
        HistoryBatch there = Batch(1, Guid.NewGuid(), Sum("ann", 30));
        there.Decided.Add(Decision(1, "bob"));
        there.Decided.Add(Decision(2, "bob"));
        await Task.WhenAll(_disk.Store.WriteAsync(here), other.WriteAsync(there));
        HistoryBatch later = Batch(2);
        later.Settled.Add(new DecisionCost(1, Money.FromNanos(9)));
        await _disk.Store.WriteAsync(later);
        Assert.Equal([("ann", 100), ("bob", 1)], (await _disk.SpendAsync()).Select(static one => (one.Key.User, one.Sum.CostNanos)).Order());
        Assert.Equal(
            ["ann 1 9", "bob 1 ", "bob 2 "],
            (await other.ReadDecisionsAsync(10, default)).Select(static one => $"{one.User} {one.Ticket} {one.Cost?.Nanos}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Keys_that_differ_are_never_taken_for_one()
    {
        SpendKey[] keys =
        [
            new("a", "b", "c", BudgetNames.None), new("a", "b", "c", BudgetNames.Of("d")), new("a", "b,c", "", BudgetNames.None), new("a", "b", "c", BudgetNames.Of(["d", "e"])),
            new("a", "b", "c", BudgetNames.Of("d\",\"e")), new(null, "b", "c", BudgetNames.None), new("", "b", "c", BudgetNames.None), new("A", "b", "c", BudgetNames.None),
            new("null", "b", "c", BudgetNames.None),
        ];
        foreach (SpendKey key in keys)
        {
            Assert.Equal(key, SpendKeyText.Parse(SpendKeyText.Of(key)));
        }

        await _disk.Store.WriteAsync(Batch(1, [.. keys.Select(static key => new HourSpend(HourOf(Now), key, new SpendSum { Requests = 1 }))]));
        Assert.Equal(keys.Length, (await _disk.SpendAsync()).Count);
    }

    [Fact]
    public async Task Sums_are_exact_beyond_64_bits_and_tokens_stop_at_their_end()
    {
        for (int i = 1; i <= 5; i++)
        {
            await _disk.Store.WriteAsync(Batch(i, Sum("ann", 0) with { Sum = new SpendSum { Requests = 1, CostNanos = (Int128)long.MaxValue * 3, InputTokens = long.MaxValue, OutputTokens = 7 } }));
        }

        SpendSum sum = Assert.Single(await _disk.SpendAsync()).Sum;
        Assert.Equal(((Int128)long.MaxValue * 15, long.MaxValue, 35L, 5L), (sum.CostNanos, sum.InputTokens, sum.OutputTokens, sum.Requests));
    }

    [Fact]
    public async Task A_span_has_the_hours_that_begin_in_it()
    {
        HourSpend[] hours = [.. Enumerable.Range(0, 5).Select(static i => Sum("ann", i) with { Start = HourOf(Now).AddHours(i) })];
        await _disk.Store.WriteAsync(Batch(1, hours));
        DateTimeOffset first = new(HourOf(Now));
        Assert.Equal([1, 2], await CostsAsync(first.AddHours(1), first.AddHours(3)));
        Assert.Equal([2, 3], await CostsAsync(first.AddHours(1).AddTicks(1), first.AddHours(3).AddTicks(1)));
        Assert.Equal([0, 1, 2, 3, 4], await CostsAsync(DateTimeOffset.MinValue, DateTimeOffset.MaxValue));
        Assert.Empty(await CostsAsync(first.AddHours(1).AddTicks(1), first.AddHours(2)));
    }

    [Fact]
    public async Task An_hour_has_so_many_sums_and_then_one_of_all_others()
    {
        await _disk.Store.WriteAsync(Batch(1, [.. Enumerable.Range(0, SpendBook.MostAnHour - 1).Select(static i => Sum($"user{i}", 1))]));
        await _disk.Store.WriteAsync(Batch(2, [.. Enumerable.Range(SpendBook.MostAnHour - 5, 10).Select(static i => Sum($"user{i}", 1))]));
        await _disk.Store.WriteAsync(Batch(3, Sum("user0", 1), Sum("late", 1), SumOfOthers(1)));
        List<HourSpend> spend = await _disk.SpendAsync();
        Assert.Equal(SpendBook.MostAnHour + 1, spend.Count);
        Assert.Equal(SpendBook.MostAnHour - 1 + 10 + 3, spend.Sum(static one => (long)one.Sum.CostNanos));
        Assert.Equal(7, spend.Single(static one => one.Key == SpendKey.Other).Sum.CostNanos);
        Assert.Equal(2, spend.Single(static one => one.Key.User == "user0").Sum.CostNanos);
    }

    [Fact]
    public async Task Decisions_beyond_the_last_are_forgotten_and_a_late_cost_of_one_is_no_harm()
    {
        const int Each = 1_000;
        long ticket = 0;
        for (int number = 1; number <= 6; number++)
        {
            HistoryBatch batch = Batch(number);
            batch.Decided.AddRange(Enumerable.Range(0, Each).Select(_ => Decision(++ticket, "ann")));
            await _disk.Store.WriteAsync(batch);
        }

        HistoryBatch late = Batch(7);
        late.Settled.Add(new DecisionCost(1, Money.FromNanos(1)));
        await _disk.Store.WriteAsync(late);
        List<DecisionEntry> kept = await _disk.Store.ReadDecisionsAsync(int.MaxValue, default);
        Assert.Equal(Enumerable.Range(0, SqliteHistoryStore.MostDecisions).Select(i => ticket - i), kept.Select(static one => one.Ticket));
    }

    [Fact]
    public async Task Spending_is_forgotten_after_thirteen_months_with_all_that_belongs_to_it()
    {
        await _disk.Store.WriteAsync(Batch(1, Sum("old", 1) with { Start = HourOf(Now) }, Sum("both", 2) with { Start = HourOf(Now) }));
        await _disk.Store.WriteAsync(Batch(2, Sum("both", 3) with { Start = HourOf(Now).AddMonths(1) }));
        await _disk.Store.WriteAsync(Batch(1, Guid.NewGuid(), Now.AddMonths(SqliteHistoryStore.Months)));
        Assert.Equal(3, (await _disk.SpendAsync()).Count);
        await _disk.Store.WriteAsync(Batch(1, Guid.NewGuid(), Now.AddMonths(SqliteHistoryStore.Months).AddHours(1)));
        Assert.Equal(3, Assert.Single(await _disk.SpendAsync()).Sum.CostNanos);
        Assert.Equal((1, 2), (_disk.Number("SELECT COUNT(*) FROM spend_keys"), _disk.Number("SELECT COUNT(*) FROM writers")));
    }

    [Fact]
    public async Task A_reader_sees_whole_batches_and_ends_when_it_is_told_to()
    {
        await _disk.Store.WriteAsync(Batch(1, [.. Enumerable.Range(0, 100).Select(static i => Sum($"user{i}", 1))]));
        using var leaving = new CancellationTokenSource();
        int seen = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _disk.Store.ReadSpendAsync(DateTimeOffset.MinValue, DateTimeOffset.MaxValue, _ => End(), leaving.Token));
        Assert.Equal(1, seen);
        long most = 0;
        await _disk.Store.ReadSpendAsync(DateTimeOffset.MinValue, DateTimeOffset.MaxValue, one =>
        {
            if (most == 0)
            {
                // The writer is kept by no reader, and the reader by no writer.
                _disk.Store.WriteAsync(Batch(2, Sum("user99", 50))).GetAwaiter().GetResult();
            }

            most = Math.Max(most, (long)one.Sum.CostNanos);
        }, default);
        Assert.Equal(1, most);
        Assert.Equal(150, (await _disk.SpendAsync()).Sum(static one => (long)one.Sum.CostNanos));

        void End()
        {
            seen++;
            leaving.Cancel();
        }
    }

    [Fact]
    public async Task Whatever_is_written_and_repeated_the_file_has_what_a_naive_sum_has()
    {
        var random = new Random(4);
        var sums = new Dictionary<(DateTime Start, string? User, string Names), SpendSum>();
        Guid[] writers = [Guid.NewGuid(), Guid.NewGuid()];
        long[] numbers = [0, 0];
        for (int i = 0; i < 150; i++)
        {
            int who = random.Next(2);
            HourSpend[] some = [.. Enumerable.Range(0, random.Next(4)).Select(_ => RandomSum(random))];
            HistoryBatch batch = Batch(++numbers[who], writers[who], some);
            for (int times = random.Next(1, 3); times > 0; times--)
            {
                await _disk.Store.WriteAsync(batch);
            }

            foreach (HourSpend one in some)
            {
                var place = (one.Start, one.Key.User, string.Join('+', one.Key.Budgets.Names));
                SpendSum sum = sums.GetValueOrDefault(place);
                sum.Add(one.Sum);
                sums[place] = sum;
            }

            if (random.Next(10) == 0)
            {
                _disk.Reopen();
            }
        }

        Assert.Equal(
            sums.Select(static pair => (pair.Key.Start, pair.Key.User, pair.Key.Names, pair.Value.Requests, pair.Value.CostNanos)).Order(),
            (await _disk.SpendAsync()).Select(static one => (one.Start, one.Key.User, string.Join('+', one.Key.Budgets.Names), one.Sum.Requests, one.Sum.CostNanos)).Order());
    }

    private static HourSpend RandomSum(Random random) => Sum(
        random.Next(4) == 0 ? null : $"user{random.Next(3)}", random.NextInt64(long.MaxValue), budgets: random.Next(2) == 0 ? ["daily"] : ["daily", "org"])
        with { Start = HourOf(Now).AddHours(random.Next(3)) };

    private async Task<IEnumerable<Int128>> CostsAsync(DateTimeOffset from, DateTimeOffset to) => (await _disk.SpendAsync(from, to)).Select(static one => one.Sum.CostNanos);
}
