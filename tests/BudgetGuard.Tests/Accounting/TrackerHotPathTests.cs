using System.Text.RegularExpressions;
using BudgetGuard.Accounting;

namespace BudgetGuard.Tests.Accounting;

/// <summary>What the tracker must not do on its way.</summary>
public sealed class TrackerHotPathTests
{
    [Fact]
    public void HoldAndSettle_OverFourAccounts_AllocateNothing()
    {
        InMemoryCostTracker tracker = new(TimeProvider.System, () => ExpiredHolds.Charge);
        AccountSet set = Kit.Set(
            Kit.Of(Kit.Terms("user"), long.MaxValue, "alice"),
            Kit.Of(Kit.Terms("team", Kit.Rolling(TimeSpan.FromMinutes(10))), long.MaxValue),
            Kit.Of(Kit.Terms("tokens", Kit.Calendar(BudgetPeriod.Month), BudgetUnit.Tokens), long.MaxValue),
            Kit.Of(Kit.Terms("slots", unit: BudgetUnit.Concurrency), 10));

        // More than are remembered, so that every slot is used again, and often enough that the code is compiled for good.
        HoldAndSettle(tracker, set, 30_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        HoldAndSettle(tracker, set, 10_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        // A window may end meanwhile; ten thousand calls that allocated would take far more.
        Assert.True(allocated < 2_000, $"{allocated} bytes for 10,000 requests.");
    }

    [Fact]
    public void T81_Accounting_KnowsNoFloatingPoint()
    {
        string folder = Path.Combine(SharedData.RepositoryRoot, "src", "BudgetGuard", "Accounting");
        string[] files = Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories);
        Assert.True(files.Length > 15);
        foreach (string file in files)
        {
            Assert.False(Regex.IsMatch(File.ReadAllText(file), @"\b(double|float|Half|Double|Single)\b"), file);
        }
    }

    private static void HoldAndSettle(InMemoryCostTracker tracker, AccountSet set, int times)
    {
        for (int i = 0; i < times; i++)
        {
            HoldResult result = Now(tracker.HoldAsync(new HoldRequest(set, new Charge(Money.FromNanos(100), 10), TimeSpan.FromMinutes(10)), CancellationToken.None));
            ValueTask settled = tracker.SettleAsync(result.Hold, new Charge(Money.FromNanos(60), 7), CancellationToken.None);
            if (result.Outcome != HoldOutcome.Held || !settled.IsCompletedSuccessfully)
            {
                throw new InvalidOperationException();
            }
        }
    }

    private static HoldResult Now(ValueTask<HoldResult> task) => task.GetAwaiter().GetResult();
}
