using System.Collections.Concurrent;
using System.Globalization;

namespace BudgetGuard.Gateway.Tests.Battery;

/// <summary>Runs many cases, some at a time, each with a seed of its own that is told where it fails.</summary>
internal static class Volley
{
    private const int AtATime = 8;

    /// <summary>A hundred cases, or a thousand in a full run.</summary>
    public static int Size { get; } = Environment.GetEnvironmentVariable("BUDGETGUARD_FULL") == "1" ? 1000 : 100;

    /// <summary>The seed of the first case; BUDGETGUARD_SEED repeats a run.</summary>
    private static int First { get; } = int.TryParse(Environment.GetEnvironmentVariable("BUDGETGUARD_SEED"), CultureInfo.InvariantCulture, out int seed) ? seed : Random.Shared.Next(1_000_000_000);

    public static async Task RunAsync(Func<int, Task> run, int? size = null)
    {
        ConcurrentQueue<string> failures = new();
        await Parallel.ForEachAsync(
            Enumerable.Range(First, size ?? Size),
            new ParallelOptions { MaxDegreeOfParallelism = AtATime },
            async (seed, _) =>
            {
                try
                {
                    await run(seed);
                }
                catch (Exception exception)
                {
                    failures.Enqueue($"BUDGETGUARD_SEED={seed}: {exception.Message}");
                }
            });
        Assert.True(failures.IsEmpty, $"{failures.Count} of {size ?? Size} cases failed.\n{string.Join('\n', failures.Take(8))}");
    }
}
