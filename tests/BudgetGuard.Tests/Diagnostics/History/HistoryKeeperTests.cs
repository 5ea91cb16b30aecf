using BudgetGuard.Diagnostics;
using BudgetGuard.Tests.Rig;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Tests.Diagnostics;

/// <summary>What is new of the history comes to its store, each once, whatever the store does.</summary>
public sealed class HistoryKeeperTests : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private readonly TickingTime _time = new(GuardedApp.Start);
    private readonly HeldHistory _store = new();
    private readonly FakeLogger<HistoryKeeper> _log = new();
    private readonly GuardHistory _history;
    private readonly HistoryKeeper _keeper;

    public HistoryKeeperTests()
    {
        _history = new GuardHistory(new GuardEvents(), _time);
        _keeper = new HistoryKeeper(_history, _store, _time, _log);
    }

    private IEnumerable<int> Logged => _log.Collector.GetSnapshot().Select(static entry => entry.Id.Id);

    public void Dispose() => _keeper.Dispose();

    [Fact]
    public async Task Each_second_what_is_new_is_written_and_nothing_where_nothing_is()
    {
        await _keeper.StartAsync(default);
        await _time.Ticks.WaitAsync(_patience);
        Spend("ann", 10);
        _time.Advance(HistoryKeeper.Every);
        await _store.CalledAsync(1);
        for (int i = 0; i < 5; i++)
        {
            _time.Advance(HistoryKeeper.Every);
        }

        await _keeper.StopAsync(default);
        Assert.Single(_store.Calls);
        Assert.Equal(1, _store.Calls[0].Number);
        Assert.Equal(10, Assert.Single(_store.Calls[0].Spend).Sum.CostNanos);
        Assert.Empty(Logged);
    }

    [Fact]
    public async Task A_decision_is_written_once_and_its_cost_when_it_is_known()
    {
        BudgetRequest open = Decide("ann");
        Assert.True(await _keeper.TryWriteAsync(default));
        _history.Ended(open, Money.FromNanos(7));
        Decide("bob", DecisionKind.Reject);
        Assert.True(await _keeper.TryWriteAsync(default));
        Assert.True(await _keeper.TryWriteAsync(default));

        Assert.Equal(2, _store.Calls.Count);
        Assert.Equal(new DecisionCost(1, Money.FromNanos(7)), Assert.Single(_store.Calls[1].Settled));
        Assert.Equal("bob", Assert.Single(_store.Calls[1].Decided).User);
        List<DecisionEntry> kept = await _store.ReadDecisionsAsync(10, default);
        Assert.Equal(["bob ", "ann 7"], kept.Select(static one => $"{one.User} {one.Cost?.Nanos}"));
    }

    [Theory]
    [InlineData(Fate.FailsBefore)]
    [InlineData(Fate.FailsAfter)]
    internal async Task What_could_not_be_written_is_written_later_as_it_was_and_counts_once(Fate fate)
    {
        _store.Fate = () => fate;
        Spend("ann", 10);
        Assert.False(await _keeper.TryWriteAsync(default));
        Spend("ann", 5);
        Assert.False(await _keeper.TryWriteAsync(default));
        Assert.Equal([610], Logged);
        _store.Fate = static () => Fate.Taken;
        Spend("ann", 1);
        Assert.True(await _keeper.TryWriteAsync(default));

        Assert.Equal([610, 611], Logged);
        Assert.Equal([1L, 1L, 1L, 2L], _store.Calls.Select(static batch => batch.Number));
        Assert.Same(_store.Calls[0], _store.Calls[2]);
        Assert.Equal(16, await TotalAsync());
    }

    [Fact]
    public async Task A_write_that_takes_long_is_not_begun_again_beside_itself()
    {
        _store.Stuck = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Spend("ann", 10);
        for (int i = 0; i < 3; i++)
        {
            Task<bool> writing = _keeper.TryWriteAsync(default);
            Assert.False(writing.IsCompleted);
            _time.Advance(HistoryKeeper.Patience);
            Assert.False(await writing.WaitAsync(_patience));
        }

        Assert.Single(_store.Calls);
        Assert.Equal([610], Logged);
        TaskCompletionSource stuck = _store.Stuck;
        _store.Stuck = null;
        stuck.SetResult();
        Assert.True(await _keeper.TryWriteAsync(default).WaitAsync(_patience));
        Assert.Single(_store.Calls);
        Assert.Equal(10, await TotalAsync());
        Assert.Equal([610, 611], Logged);
    }

    [Fact]
    public async Task Who_leaves_while_it_is_written_breaks_nothing()
    {
        _store.Stuck = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Spend("ann", 10);
        using var leaving = new CancellationTokenSource();
        Task<bool> first = _keeper.TryWriteAsync(leaving.Token);
        Task<bool> second = _keeper.TryWriteAsync(default);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        _store.Stuck.SetResult();
        Assert.True(await second.WaitAsync(_patience));
        Assert.Single(_store.Calls);
        Assert.Equal(10, await TotalAsync());
        Assert.Empty(Logged);
    }

    [Fact]
    public async Task The_end_writes_what_is_left()
    {
        await _keeper.StartAsync(default);
        Spend("ann", 10);
        Decide("ann");
        await _keeper.StopAsync(default).WaitAsync(_patience);
        Assert.Equal(10, await TotalAsync());
        Assert.Single(await _store.ReadDecisionsAsync(10, default));
        Assert.Empty(Logged);
    }

    [Fact]
    public async Task The_end_waits_so_long_and_tells_what_is_lost()
    {
        _store.Stuck = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _keeper.StartAsync(default);
        Spend("ann", 10);
        Task stopping = _keeper.StopAsync(default);
        await _store.CalledAsync(1);
        Assert.False(stopping.IsCompleted);
        _time.Advance(HistoryKeeper.LastPatience);
        await stopping.WaitAsync(_patience);
        Assert.Equal([612], Logged);
    }

    [Fact]
    public async Task While_nothing_can_be_written_what_waits_is_bounded()
    {
        _store.Fate = static () => Fate.FailsBefore;
        Spend("ann", 1);
        for (int i = 0; i < 3 * DecisionRing.Capacity; i++)
        {
            Decide("ann");
            Spend($"user{i}", 1);
            Assert.True(i % 500 != 0 || !await _keeper.TryWriteAsync(default));
        }

        _store.Fate = static () => Fate.Taken;
        Assert.True(await _keeper.TryWriteAsync(default));
        Assert.All(_store.Calls, static batch => Assert.InRange(batch.Decided.Count, 0, DecisionRing.Capacity));
        Assert.All(_store.Calls, static batch => Assert.InRange(batch.Spend.Count, 0, SpendBook.MostAnHour + 1));
        Assert.Equal((3 * DecisionRing.Capacity) + 1, await TotalAsync());
        List<DecisionEntry> kept = await _store.ReadDecisionsAsync(DecisionRing.Capacity, default);
        Assert.Equal(Enumerable.Range(0, DecisionRing.Capacity).Select(static i => (3L * DecisionRing.Capacity) - i), kept.Select(static one => one.Ticket));
    }

    [Fact]
    public async Task Whatever_is_done_and_fails_the_store_has_what_the_memory_of_one_that_forgets_nothing_has()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            using var one = new HistoryKeeperTests();
            await one.RunAsync(new Random(seed));
        }
    }

    private async Task RunAsync(Random random)
    {
        var sums = new Dictionary<(DateTime Start, string User), SpendSum>();
        var costs = new Dictionary<long, Money?>();
        List<BudgetRequest> open = [];
        _store.Fate = () => (Fate)random.Next(3);
        for (int i = 0; i < 400; i++)
        {
            string user = $"user{random.Next(4)}";
            switch (random.Next(6))
            {
                case 0:
                    _time.Advance(TimeSpan.FromMinutes(random.Next(40)));
                    break;
                case 1:
                    await _keeper.TryWriteAsync(default);
                    break;
                case 2 or 3:
                    BudgetRequest request = Decide(user);
                    open.Add(request);
                    costs[request.Ticket] = null;
                    break;
                case 4 when open.Count > 0:
                    BudgetRequest ending = open[random.Next(open.Count)];
                    var cost = Money.FromNanos(random.Next(1_000));
                    _history.Ended(ending, cost);
                    costs[ending.Ticket] = cost;
                    break;
                default:
                    long nanos = random.NextInt64(long.MaxValue);
                    Spend(user, nanos);
                    DateTime now = _time.GetUtcNow().UtcDateTime;
                    (DateTime, string) place = (now.Date.AddHours(now.Hour), user);
                    SpendSum sum = sums.GetValueOrDefault(place);
                    sum.Add(new SpendSum { Requests = 1, CostNanos = nanos });
                    sums[place] = sum;
                    break;
            }
        }

        _store.Fate = static () => Fate.Taken;
        Assert.True(await _keeper.TryWriteAsync(default));
        List<HourSpend> kept = [];
        await _store.ReadSpendAsync(DateTimeOffset.MinValue, DateTimeOffset.MaxValue, kept.Add, default);
        Assert.Equal(
            sums.Select(static pair => (pair.Key.Start, pair.Key.User, pair.Value.Requests, pair.Value.CostNanos)).Order(),
            kept.Select(static one => (one.Start, one.Key.User!, one.Sum.Requests, one.Sum.CostNanos)).Order());
        Assert.Equal(
            costs.OrderByDescending(static pair => pair.Key).Select(static pair => (pair.Key, pair.Value)),
            (await _store.ReadDecisionsAsync(int.MaxValue, default)).Select(static one => (one.Ticket, one.Cost)));
    }

    private async Task<Int128> TotalAsync()
    {
        Int128 total = 0;
        await _store.ReadSpendAsync(DateTimeOffset.MinValue, DateTimeOffset.MaxValue, one => total += one.Sum.CostNanos, default);
        return total;
    }

    private void Spend(string user, long nanos) => _history.Spend.Add(
        _time.GetUtcNow(), new SpendKey(user, null, "work", BudgetNames.Of("daily")), new SpendSum { Requests = 1, CostNanos = nanos });

    private BudgetRequest Decide(string user, DecisionKind kind = DecisionKind.Allow)
    {
        var request = new BudgetRequest { Subject = user, Operation = "work" };
        _history.Decided(request, kind, "daily", reason: null);
        return request;
    }

    /// <summary>A clock that says when somebody has a timer on it: a step before that would wake nobody.</summary>
    private sealed class TickingTime(DateTimeOffset start) : FakeTimeProvider(start)
    {
        private readonly TaskCompletionSource _ticks = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ticks => _ticks.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            ITimer timer = base.CreateTimer(callback, state, dueTime, period);
            if (period == HistoryKeeper.Every)
            {
                _ticks.TrySetResult();
            }

            return timer;
        }
    }
}
