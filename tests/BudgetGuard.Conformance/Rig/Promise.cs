using System.Collections.Immutable;

namespace BudgetGuard.Conformance;

/// <summary>Short words for what promises are made of. Each test has a tracker of its own.</summary>
public abstract class Promise<TRig> : IAsyncLifetime
    where TRig : TrackerRig, new()
{
    protected static readonly TimeSpan Ttl = TimeSpan.FromMinutes(10);

    protected TRig Rig { get; } = new();

    protected ICostTracker Tracker => Rig.Tracker;

    public Task InitializeAsync() => Rig.StartAsync();

    public async Task DisposeAsync() => await Rig.DisposeAsync();

    protected static WindowSpec Calendar(BudgetPeriod period, string zone = "UTC") => new(period, TimeZoneInfo.FindSystemTimeZoneById(zone));

    protected static WindowSpec Rolling(TimeSpan length) => new(BudgetPeriod.Total, TimeZoneInfo.Utc, length);

    protected static BudgetTerms Terms(string name = "own", WindowSpec? window = null, BudgetUnit unit = BudgetUnit.Usd) =>
        new() { Name = name, Unit = unit, Window = window ?? WindowSpec.Total };

    protected static BudgetTerms PerUser(string name = "own", WindowSpec? window = null, int most = 1_000) =>
        Terms(name, window) with { Per = ["User"], MaxTrackedPartitions = most };

    protected static Account Of(BudgetTerms terms, long limit = 1_000, params string?[] partition) => new(terms, [.. partition], limit);

    protected static AccountSet Set(params Account[] accounts) => new([.. accounts]);

    protected static Charge Nanos(long nanos, long tokens = 0, long requests = 0) => new(Money.FromNanos(nanos), tokens, requests);

    protected Task<HoldResult> TryHoldAsync(AccountSet set, long nanos, HoldId id = default, TimeSpan? ttl = null) =>
        Tracker.HoldAsync(new HoldRequest(set, Nanos(nanos, nanos, 1), ttl ?? Ttl, id), CancellationToken.None).AsTask();

    protected async Task<Hold> HoldAsync(AccountSet set, long nanos, HoldId id = default, TimeSpan? ttl = null)
    {
        HoldResult result = await TryHoldAsync(set, nanos, id, ttl);
        Assert.Equal(HoldOutcome.Held, result.Outcome);
        return result.Hold;
    }

    protected async Task<ImmutableArray<Refusal>> RefusedAsync(AccountSet set, long nanos)
    {
        HoldResult result = await TryHoldAsync(set, nanos);
        Assert.Equal(HoldOutcome.Refused, result.Outcome);
        return result.Refusals;
    }

    protected Task SettleAsync(Hold hold, long nanos) => Tracker.SettleAsync(hold, Nanos(nanos, nanos, 1), CancellationToken.None).AsTask();

    protected Task ReleaseAsync(Hold hold) => Tracker.ReleaseAsync(hold, CancellationToken.None).AsTask();

    protected Task<HoldResult> ExtendAsync(Hold hold, long nanos) => Tracker.ExtendAsync(hold, Nanos(nanos), CancellationToken.None).AsTask();

    protected Task AdjustAsync(Hold hold, long settled, long actual) =>
        Tracker.AdjustAsync(hold, Nanos(settled), Nanos(actual), CancellationToken.None).AsTask();

    protected async Task SpendAsync(AccountSet set, long nanos) => await SettleAsync(await HoldAsync(set, nanos), nanos);

    protected async Task<AccountState> ReadAsync(Account account) => await Tracker.ReadAsync(account, CancellationToken.None);

    protected async Task AssertAsync(Account account, long settled, long held = 0, long debt = 0)
    {
        AccountState state = await ReadAsync(account);
        Assert.Equal((settled, held, debt), (state.Settled, state.Held, state.Debt));
    }
}
