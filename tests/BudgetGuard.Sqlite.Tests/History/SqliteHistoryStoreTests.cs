using System.Globalization;
using BudgetGuard.Diagnostics;
using Microsoft.Data.Sqlite;

namespace BudgetGuard.Sqlite.Tests;

/// <summary>What a file keeps of decisions and spending.</summary>
public sealed class SqliteHistoryStoreTests : IDisposable
{
    private static readonly DateTimeOffset _now = new(2026, 3, 10, 12, 30, 0, TimeSpan.Zero);
    private static readonly Guid _writer = Guid.NewGuid();

    private readonly string _folder = Directory.CreateTempSubdirectory("budgetguard-").FullName;
    private SqliteHistoryStore _store;

    public SqliteHistoryStoreTests() => _store = new SqliteHistoryStore(FilePath);

    private string FilePath => SqliteHistoryStore.PathBeside(Path.Combine(_folder, "budgets.db"));

    public void Dispose()
    {
        _store.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("/data/budgets.db", "/data/budgets-history.db")]
    [InlineData("/data/budgets", "/data/budgets-history.db")]
    [InlineData("/data/my.budgets.sqlite", "/data/my.budgets-history.db")]
    public void The_file_lies_beside_the_budgets(string budgets, string history) => Assert.Equal(history, SqliteHistoryStore.PathBeside(budgets));

    [Fact]
    public async Task Where_nothing_was_written_there_is_nothing_and_no_file()
    {
        Assert.Empty(await _store.ReadDecisionsAsync(10, default));
        Assert.Empty(await SpendAsync());
        Assert.False(File.Exists(FilePath));
    }

    [Fact]
    public async Task What_was_written_is_there_when_the_file_is_opened_again()
    {
        HistoryBatch batch = Batch(1, Sum("ann", 70, model: "gpt-4o", budgets: ["daily", "org"]), Sum(null, 5, operation: null));
        batch.Decided.Add(Decision(1, "ann") with { Model = "gpt-4o", Cost = Money.FromNanos(70) });
        batch.Decided.Add(Decision(2, "Zoë \"'\\ 日本 😀") with { Kind = DecisionKind.Reject, Reason = "budget_exceeded", Budget = "daily" });
        batch.Decided.Add(Decision(3, null));
        await _store.WriteAsync(batch);
        Reopen();
        Assert.Equal(batch.Decided.AsEnumerable().Reverse(), await _store.ReadDecisionsAsync(10, default));
        Assert.Equal(batch.Decided[2], Assert.Single(await _store.ReadDecisionsAsync(1, default)));
        Assert.Equivalent(batch.Spend, await SpendAsync(), strict: true);
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
            await _store.WriteAsync(batch);
            Reopen();
        }

        Assert.Equal(75, Assert.Single(await SpendAsync()).Sum.CostNanos);
        Assert.Equal(Money.FromNanos(70), Assert.Single(await _store.ReadDecisionsAsync(10, default)).Cost);
    }

    [Fact]
    public async Task Sums_and_decisions_of_two_nodes_stand_side_by_side()
    {
        using var other = new SqliteHistoryStore(FilePath);
        HistoryBatch here = Batch(1, Sum("ann", 70), Sum("bob", 1));
        here.Decided.Add(Decision(1, "ann"));
        HistoryBatch there = Batch(1, Guid.NewGuid(), Sum("ann", 30));
        there.Decided.Add(Decision(1, "bob"));
        there.Decided.Add(Decision(2, "bob"));
        await Task.WhenAll(_store.WriteAsync(here), other.WriteAsync(there));
        HistoryBatch later = Batch(2);
        later.Settled.Add(new DecisionCost(1, Money.FromNanos(9)));
        await _store.WriteAsync(later);
        Assert.Equal([("ann", 100), ("bob", 1)], (await SpendAsync()).Select(static one => (one.Key.User, one.Sum.CostNanos)).Order());
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

        await _store.WriteAsync(Batch(1, [.. keys.Select(static key => new HourSpend(HourOf(_now), key, new SpendSum { Requests = 1 }))]));
        Assert.Equal(keys.Length, (await SpendAsync()).Count);
    }

    [Fact]
    public async Task Sums_are_exact_beyond_64_bits_and_tokens_stop_at_their_end()
    {
        for (int i = 1; i <= 5; i++)
        {
            await _store.WriteAsync(Batch(i, Sum("ann", 0) with { Sum = new SpendSum { Requests = 1, CostNanos = (Int128)long.MaxValue * 3, InputTokens = long.MaxValue, OutputTokens = 7 } }));
        }

        SpendSum sum = Assert.Single(await SpendAsync()).Sum;
        Assert.Equal(((Int128)long.MaxValue * 15, long.MaxValue, 35L, 5L), (sum.CostNanos, sum.InputTokens, sum.OutputTokens, sum.Requests));
    }

    [Fact]
    public async Task A_span_has_the_hours_that_begin_in_it()
    {
        HourSpend[] hours = [.. Enumerable.Range(0, 5).Select(static i => Sum("ann", i) with { Start = HourOf(_now).AddHours(i) })];
        await _store.WriteAsync(Batch(1, hours));
        DateTimeOffset first = new(HourOf(_now));
        Assert.Equal([1, 2], await CostsAsync(first.AddHours(1), first.AddHours(3)));
        Assert.Equal([2, 3], await CostsAsync(first.AddHours(1).AddTicks(1), first.AddHours(3).AddTicks(1)));
        Assert.Equal([0, 1, 2, 3, 4], await CostsAsync(DateTimeOffset.MinValue, DateTimeOffset.MaxValue));
        Assert.Empty(await CostsAsync(first.AddHours(1).AddTicks(1), first.AddHours(2)));
    }

    [Fact]
    public async Task An_hour_has_so_many_sums_and_then_one_of_all_others()
    {
        await _store.WriteAsync(Batch(1, [.. Enumerable.Range(0, SpendBook.MostAnHour - 1).Select(static i => Sum($"user{i}", 1))]));
        await _store.WriteAsync(Batch(2, [.. Enumerable.Range(SpendBook.MostAnHour - 5, 10).Select(static i => Sum($"user{i}", 1))]));
        await _store.WriteAsync(Batch(3, Sum("user0", 1), Sum("late", 1), SumOfOthers(1)));
        List<HourSpend> spend = await SpendAsync();
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
            await _store.WriteAsync(batch);
        }

        HistoryBatch late = Batch(7);
        late.Settled.Add(new DecisionCost(1, Money.FromNanos(1)));
        await _store.WriteAsync(late);
        List<DecisionEntry> kept = await _store.ReadDecisionsAsync(int.MaxValue, default);
        Assert.Equal(Enumerable.Range(0, SqliteHistoryStore.MostDecisions).Select(i => ticket - i), kept.Select(static one => one.Ticket));
    }

    [Fact]
    public async Task Spending_is_forgotten_after_thirteen_months_with_all_that_belongs_to_it()
    {
        await _store.WriteAsync(Batch(1, Sum("old", 1) with { Start = HourOf(_now) }, Sum("both", 2) with { Start = HourOf(_now) }));
        await _store.WriteAsync(Batch(2, Sum("both", 3) with { Start = HourOf(_now).AddMonths(1) }));
        await _store.WriteAsync(Batch(1, Guid.NewGuid(), _now.AddMonths(SqliteHistoryStore.Months)));
        Assert.Equal(3, (await SpendAsync()).Count);
        await _store.WriteAsync(Batch(1, Guid.NewGuid(), _now.AddMonths(SqliteHistoryStore.Months).AddHours(1)));
        Assert.Equal(3, Assert.Single(await SpendAsync()).Sum.CostNanos);
        Assert.Equal((1, 2), (Number("SELECT COUNT(*) FROM spend_keys"), Number("SELECT COUNT(*) FROM writers")));
    }

    [Fact]
    public async Task A_reader_sees_whole_batches_and_ends_when_it_is_told_to()
    {
        await _store.WriteAsync(Batch(1, [.. Enumerable.Range(0, 100).Select(static i => Sum($"user{i}", 1))]));
        using var leaving = new CancellationTokenSource();
        int seen = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _store.ReadSpendAsync(DateTimeOffset.MinValue, DateTimeOffset.MaxValue, _ => End(), leaving.Token));
        Assert.Equal(1, seen);
        long most = 0;
        await _store.ReadSpendAsync(DateTimeOffset.MinValue, DateTimeOffset.MaxValue, one =>
        {
            if (most == 0)
            {
                // The writer is kept by no reader, and the reader by no writer.
                _store.WriteAsync(Batch(2, Sum("user99", 50))).GetAwaiter().GetResult();
            }

            most = Math.Max(most, (long)one.Sum.CostNanos);
        }, default);
        Assert.Equal(1, most);
        Assert.Equal(150, (await SpendAsync()).Sum(static one => (long)one.Sum.CostNanos));

        void End()
        {
            seen++;
            leaving.Cancel();
        }
    }

    [Theory]
    [InlineData("CREATE TABLE recipes (name TEXT)", "holds no history")]
    [InlineData("PRAGMA application_id = 1113868136; PRAGMA user_version = 99", "newer version")]
    public async Task A_file_of_something_else_is_left_alone(string made, string said)
    {
        Run(made);
        byte[] before = await File.ReadAllBytesAsync(FilePath);
        Assert.Contains(said, (await Assert.ThrowsAsync<InvalidDataException>(() => _store.WriteAsync(Batch(1, Sum("ann", 1))))).Message, StringComparison.Ordinal);
        Assert.Contains(FilePath, (await Assert.ThrowsAsync<InvalidDataException>(() => _store.ReadDecisionsAsync(1, default))).Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(FilePath));
    }

    [Fact]
    public async Task A_damaged_file_is_told_and_one_that_takes_its_place_is_used()
    {
        await File.WriteAllTextAsync(FilePath, new string('x', 5_000));
        HistoryBatch batch = Batch(1, Sum("ann", 1));
        Assert.Contains("is damaged", (await Assert.ThrowsAsync<InvalidDataException>(() => _store.WriteAsync(batch))).Message, StringComparison.Ordinal);
        Assert.Contains("is damaged", (await Assert.ThrowsAsync<InvalidDataException>(() => _store.ReadDecisionsAsync(1, default))).Message, StringComparison.Ordinal);
        File.Delete(FilePath);
        await _store.WriteAsync(batch);
        Assert.Single(await SpendAsync());
    }

    [Fact]
    public async Task A_folder_that_is_gone_is_an_error_until_it_is_back()
    {
        using var store = new SqliteHistoryStore(Path.Combine(_folder, "later", "x-history.db"));
        await Assert.ThrowsAsync<IOException>(() => store.WriteAsync(Batch(1, Sum("ann", 1))));
        Directory.CreateDirectory(Path.Combine(_folder, "later"));
        await store.WriteAsync(Batch(1, Sum("ann", 1)));
    }

    [Fact]
    public async Task A_write_that_fails_changes_nothing_and_the_next_one_can()
    {
        await _store.WriteAsync(Batch(1, Sum("ann", 1)));
        Run("CREATE TRIGGER full BEFORE INSERT ON spend WHEN new.cost_nanos > 10 BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END");
        HistoryBatch batch = Batch(2, Sum("ann", 1), Sum("bob", 20));
        batch.Decided.Add(Decision(1, "ann"));
        await Assert.ThrowsAsync<IOException>(() => _store.WriteAsync(batch));
        Assert.Equal(1, Assert.Single(await SpendAsync()).Sum.CostNanos);
        Assert.Empty(await _store.ReadDecisionsAsync(10, default));
        Run("DROP TRIGGER full");
        await _store.WriteAsync(batch);
        Assert.Equal(22, (await SpendAsync()).Sum(static one => (long)one.Sum.CostNanos));
        Assert.Single(await _store.ReadDecisionsAsync(10, default));
    }

    [Fact]
    public async Task The_file_is_written_ahead_and_strict()
    {
        await _store.WriteAsync(Batch(1, Sum("ann", 1)));
        using SqliteConnection? connection = HistoryOpening.OpenToRead(FilePath);
        using SqliteCommand command = connection!.CreateCommand();
        command.CommandText = "PRAGMA journal_mode";
        Assert.Equal("wal", command.ExecuteScalar());
        Assert.Equal(0, Number("SELECT COUNT(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%' AND strict = 0"));
        Assert.Equal(0x42644768, Number("PRAGMA application_id"));
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
                await _store.WriteAsync(batch);
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
                Reopen();
            }
        }

        Assert.Equal(
            sums.Select(static pair => (pair.Key.Start, pair.Key.User, pair.Key.Names, pair.Value.Requests, pair.Value.CostNanos)).Order(),
            (await SpendAsync()).Select(static one => (one.Start, one.Key.User, string.Join('+', one.Key.Budgets.Names), one.Sum.Requests, one.Sum.CostNanos)).Order());
    }

    private static HourSpend RandomSum(Random random) => Sum(
        random.Next(4) == 0 ? null : $"user{random.Next(3)}", random.NextInt64(long.MaxValue), budgets: random.Next(2) == 0 ? ["daily"] : ["daily", "org"])
        with { Start = HourOf(_now).AddHours(random.Next(3)) };

    private static DecisionEntry Decision(long ticket, string? user) => new()
    {
        Ticket = ticket,
        At = _now.AddTicks(ticket),
        User = user,
        Operation = "work",
        Kind = DecisionKind.Allow,
        Estimated = Money.FromNanos(100),
    };

    private static HourSpend SumOfOthers(long nanos) => new(HourOf(_now), SpendKey.Other, new SpendSum { Requests = 1, CostNanos = nanos });

    private static HourSpend Sum(string? user, long nanos, string? model = null, string? operation = "work", string[]? budgets = null) => new(
        HourOf(_now), new SpendKey(user, model, operation, BudgetNames.Of([.. budgets ?? []])),
        new SpendSum { Requests = 1, Denied = 2, InputTokens = 3, OutputTokens = 4, CostNanos = nanos });

    private static HistoryBatch Batch(long number, params HourSpend[] spend) => Batch(number, _writer, spend);

    private static HistoryBatch Batch(long number, Guid writer, params HourSpend[] spend) => Batch(number, writer, _now, spend);

    private static HistoryBatch Batch(long number, Guid writer, DateTimeOffset at, params HourSpend[] spend) =>
        new() { Writer = writer, Number = number, At = at, Spend = spend };

    private static DateTime HourOf(DateTimeOffset time) => time.UtcDateTime.Date.AddHours(time.UtcDateTime.Hour);

    private void Reopen()
    {
        _store.Dispose();
        _store = new SqliteHistoryStore(FilePath);
    }

    private Task<List<HourSpend>> SpendAsync() => SpendAsync(DateTimeOffset.MinValue, DateTimeOffset.MaxValue);

    private async Task<List<HourSpend>> SpendAsync(DateTimeOffset from, DateTimeOffset to)
    {
        List<HourSpend> found = [];
        await _store.ReadSpendAsync(from, to, found.Add, default);
        return found;
    }

    private async Task<IEnumerable<Int128>> CostsAsync(DateTimeOffset from, DateTimeOffset to) => (await SpendAsync(from, to)).Select(static one => one.Sum.CostNanos);

    private long Number(string text) => Convert.ToInt64(Asked(text), CultureInfo.InvariantCulture);

    private void Run(string text) => Asked(text);

    private object? Asked(string text)
    {
        using var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        return command.ExecuteScalar();
    }
}
