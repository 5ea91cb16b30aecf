using System.Threading.RateLimiting;
using BenchmarkDotNet.Attributes;
using BudgetGuard.Accounting;

namespace BudgetGuard.Benchmarks;

/// <summary>Hold and settle over four accounts, beside the framework's limiter chained over four partitions.</summary>
[MemoryDiagnoser]
[MinColumn]
public class TrackerBenchmarks
{
    private static readonly Charge Estimate = new(Money.FromNanos(100), 10);
    private static readonly Charge Actual = new(Money.FromNanos(60), 7);
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(10);

    private readonly TimeProvider _time = TimeProvider.System;
    private readonly InMemoryCostTracker _tracker = new(TimeProvider.System, () => ExpiredHolds.Charge);
    private readonly AccountSet _accounts = new(
    [
        AccountOf("user", BudgetPeriod.Day, null, "alice"),
        AccountOf("team", BudgetPeriod.Month, null, "red"),
        AccountOf("model", BudgetPeriod.Day, null, "gpt-4o"),
        AccountOf("org", BudgetPeriod.Month, null),
    ]);

    private readonly AccountSet _rolling = new(
    [
        AccountOf("user10m", BudgetPeriod.Total, Timeout, "alice"),
        AccountOf("team", BudgetPeriod.Month, null, "red"),
        AccountOf("model", BudgetPeriod.Day, null, "gpt-4o"),
        AccountOf("org", BudgetPeriod.Month, null),
    ]);

    private readonly AccountSet _exhausted = new([AccountOf("user", BudgetPeriod.Day, null, "alice"), AccountOf("none", BudgetPeriod.Day, null, limit: 1)]);

    private readonly PartitionedRateLimiter<string> _limiter = PartitionedRateLimiter.CreateChained(
        LimiterOf(), LimiterOf(), LimiterOf(), LimiterOf());

    /// <summary>As the middleware does it for a request that passes.</summary>
    [Benchmark(Baseline = true)]
    public HoldOutcome HoldAndSettle() => HoldAndSettle(_accounts);

    /// <summary>The same through the interface that every tracker has.</summary>
    [Benchmark]
    public HoldOutcome HoldAndSettleThroughInterface()
    {
        HoldResult result = Done(_tracker.HoldAsync(
            new HoldRequest(_accounts, Estimate, Timeout), CancellationToken.None));
        ValueTask settled = _tracker.SettleAsync(result.Hold, Actual, CancellationToken.None);
        return settled.IsCompletedSuccessfully ? result.Outcome : throw new InvalidOperationException("The tracker answers at once.");
    }

    [Benchmark]
    public HoldOutcome HoldAndSettleOneRolling() => HoldAndSettle(_rolling);

    [Benchmark]
    public HoldOutcome Refused() =>
        Done(_tracker.HoldAsync(new HoldRequest(_exhausted, Estimate, Timeout), CancellationToken.None)).Outcome;

    [Benchmark]
    public bool ChainedRateLimiters()
    {
        using RateLimitLease lease = _limiter.AttemptAcquire("alice");
        return lease.IsAcquired;
    }

    [Benchmark]
    public long ClockRead() => _time.GetUtcNow().UtcTicks;

    private static Account AccountOf(string name, BudgetPeriod period, TimeSpan? rolling, string? partition = null, long limit = long.MaxValue) =>
        new(
            new BudgetTerms { Name = name, Unit = BudgetUnit.Usd, Window = new WindowSpec(period, TimeZoneInfo.Utc, rolling), AlertAt = [0.5m, 0.8m] },
            partition is null ? [] : [partition],
            limit);

    private static PartitionedRateLimiter<string> LimiterOf() => PartitionedRateLimiter.Create<string, string>(
        resource => RateLimitPartition.GetConcurrencyLimiter(resource, _ => new ConcurrencyLimiterOptions { PermitLimit = 1_000_000 }));

    private HoldOutcome HoldAndSettle(AccountSet accounts)
    {
        HoldRequest request = new(accounts, Estimate, Timeout);
        if (!_tracker.TryHold(request, out GrantedHold granted))
        {
            // The first time, and when a window has ended since.
            _tracker.Hold(request, out HoldResult result);
            granted = new GrantedHold(result.Hold.Id, result.Tightest, result.Remaining);
        }

        _tracker.Settle(new Hold(granted.Id, accounts, request.Amount), Actual);
        return HoldOutcome.Held;
    }

    // Complete, or the benchmark fails: nothing is waited for.
    private static HoldResult Done(ValueTask<HoldResult> attempt) =>
        attempt.IsCompletedSuccessfully ? attempt.GetAwaiter().GetResult() : throw new InvalidOperationException("The tracker answers at once.");
}
