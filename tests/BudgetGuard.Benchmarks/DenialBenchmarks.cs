using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Benchmarks;

/// <summary>Denying a user whose budget is used up, in the policy: with the decision cache, and without it as the peer.</summary>
[MemoryDiagnoser]
public class DenialBenchmarks
{
    private readonly BudgetRequest _request = new() { Subject = "alice", Estimate = 0.01m };
    private IBudgetPolicy _cached = null!;
    private IBudgetPolicy _uncached = null!;

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _cached = await ExhaustAsync(cacheDecisions: true);
        _uncached = await ExhaustAsync(cacheDecisions: false);
    }

    [Benchmark]
    public ValueTask<BudgetDecision> CachedDenial() => _cached.DecideAsync(_request, CancellationToken.None);

    [Benchmark(Baseline = true)]
    public ValueTask<BudgetDecision> UncachedDenial() => _uncached.DecideAsync(_request, CancellationToken.None);

    private async Task<IBudgetPolicy> ExhaustAsync(bool cacheDecisions)
    {
        ServiceCollection services = new();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().Build());
        services.AddBudgetGuard(options =>
        {
            options.CacheDecisions = cacheDecisions;
            options.Budgets["daily"] = new BudgetOptions { Limit = 1, Period = BudgetPeriod.Day, Per = ["User"] };
            options.Budgets["all"] = new BudgetOptions { Limit = 1000, Period = BudgetPeriod.Month };
        });
        ServiceProvider provider = services.BuildServiceProvider();
        await using (BudgetLease lease = await provider.GetRequiredService<IBudgetGuard>().BeginAsync(new BudgetRequest { Subject = "alice", Estimate = 1m }))
        {
            lease.ReportCost(1m);
        }

        IBudgetPolicy policy = provider.GetRequiredService<IBudgetPolicy>();
        return (await policy.DecideAsync(_request, CancellationToken.None)).IsAllowed
            ? throw new InvalidOperationException("The user still has money.")
            : policy;
    }
}
