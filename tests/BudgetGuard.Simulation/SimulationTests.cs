using System.Diagnostics;
using System.Globalization;
using BudgetGuard.Redis.Tests;
using StackExchange.Redis;
using Xunit.Abstractions;

namespace BudgetGuard.Simulation;

/// <summary>
/// Many short lives of a store, each with faults of its own: a fixed set of seeds, then as many others as there is time for. A failure names its seed; the same seed is the
/// same run. BUDGETGUARD_SIMULATION_SECONDS says how long others are tried, 30 where it says nothing.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly int Fixed = int.TryParse(Environment.GetEnvironmentVariable("BUDGETGUARD_SIMULATION_FIXED"), NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : 100;

    private static readonly TimeSpan MostForABug = TimeSpan.FromMinutes(1);

    private RedisServer _redis = null!;
    private ConnectionMultiplexer _connection = null!;

    private static TimeSpan Time => TimeSpan.FromSeconds(
        int.TryParse(Environment.GetEnvironmentVariable("BUDGETGUARD_SIMULATION_SECONDS"), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) ? seconds : 30);

    public async Task InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _connection = await _redis.ConnectAsync();
    }

    public async Task DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public Task Nodes_that_ask_Redis() => TryAsync(seed => new RedisWorld(seed, _connection.GetDatabase(), new RedisRun()).RunAsync());

    [Fact]
    public Task Nodes_that_borrow_from_Redis() => TryAsync(seed => new RedisWorld(seed, _connection.GetDatabase(), new RedisRun { Borrows = true }).RunAsync());

    [Fact]
    public Task A_Redis_that_loses_its_latest_writes() => TryAsync(seed => new RedisWorld(seed, _connection.GetDatabase(), new RedisRun { FailsOver = true }).RunAsync());

    [Fact]
    public Task A_process_with_a_file() => TryAsync(static seed => new DiskWorld(seed).RunAsync());

    /// <summary>Seeds that once found something: a refund that came before what it corrects.</summary>
    [Theory]
    [InlineData(1814547257)]
    public async Task Borrowing_run_that_once_found_something_finds_nothing(int seed) =>
        AssertNone(seed, await AloneAsync(number => new RedisWorld(number, _connection.GetDatabase(), new RedisRun { Borrows = true }).RunAsync(), seed));

    [Theory]
    [InlineData(nameof(Mutants.LosesEarlySettlements))]
    [InlineData(nameof(Mutants.ForgetsEarlyReleases))]
    [InlineData(nameof(Mutants.RefusesLateSettlements))]
    [InlineData(nameof(Mutants.ShowsItsRollback))]
    [InlineData(nameof(Mutants.SpendsAfterExpiry))]
    [InlineData(nameof(Mutants.ForgetsAtRenewal))]
    [InlineData(nameof(Mutants.ClaimsTwice))]
    public async Task Planted_bug_is_found_in_under_a_minute(string mutant)
    {
        var run = (RedisRun)typeof(Mutants).GetProperty(mutant)!.GetValue(null)!;
        await FindAsync(mutant, seed => new RedisWorld(seed, _connection.GetDatabase(), run).RunAsync());
    }

    [Fact]
    public Task A_process_that_does_not_wait_for_its_disk_is_found_in_under_a_minute() => FindAsync("does not wait", static seed => new DiskWorld(seed, forgetsToWait: true).RunAsync());

    private async Task FindAsync(string bug, Func<int, Task<string?>> run)
    {
        long started = Stopwatch.GetTimestamp();
        for (int seed = 0; Stopwatch.GetElapsedTime(started) < MostForABug; seed++)
        {
            if (await AloneAsync(run, seed) is { } found)
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{bug}: seed {seed}, {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s: {found}"));
                return;
            }
        }

        Assert.Fail($"The planted bug {bug} was not found.");
    }

    private async Task TryAsync(Func<int, Task<string?>> run)
    {
        for (int seed = 0; seed < Fixed; seed++)
        {
            AssertNone(seed, await AloneAsync(run, seed));
        }

        long started = Stopwatch.GetTimestamp();
        int others = 0;
        for (; Stopwatch.GetElapsedTime(started) < Time; others++)
        {
            int seed = Random.Shared.Next(Fixed, int.MaxValue);
            AssertNone(seed, await AloneAsync(run, seed));
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Fixed} fixed runs and {others} others; {RedisRun.DecidedByNodes} holds were decided on by nodes themselves."));
    }

    /// <summary>Away from the context of the test, in which no continuation goes on inside the step that ended its wait.</summary>
    private static Task<string?> AloneAsync(Func<int, Task<string?>> run, int seed) => Task.Run(() => run(seed));

    private static void AssertNone(int seed, string? violation) => Assert.True(violation is null, $"Seed {seed}: {violation}");
}
