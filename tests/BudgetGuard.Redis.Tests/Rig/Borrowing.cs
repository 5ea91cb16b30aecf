using System.Diagnostics;

namespace BudgetGuard.Redis.Tests;

/// <summary>Short words for nodes that borrow.</summary>
internal static class Borrowing
{
    private static readonly TimeSpan _ttl = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    public static Charge Charge(long requests) => new(Money.Zero, 0, requests);

    public static ValueTask<HoldResult> HoldAsync(Node node, AccountSet set, long requests) =>
        node.Leased!.HoldAsync(new HoldRequest(set, Charge(requests), _ttl), default);

    /// <summary>Asks until the node has decided so often by itself; tells how much was spent.</summary>
    public static async Task<int> BorrowAsync(Node node, Account account, int times = 1)
    {
        var set = new AccountSet([account]);
        long enough = node.Leased!.Decided.Local + times;
        int spent = 0;
        await EventuallyAsync(async () =>
        {
            HoldResult result = await HoldAsync(node, set, 1);
            spent++;
            await node.Leased.SettleAsync(result.Hold, Charge(1), default);
            return node.Leased.Decided.Local >= enough;
        });
        return spent;
    }

    /// <summary>Looks until it is so: a real server answers in its own time, which no clock of the test's moves on.</summary>
    public static async Task EventuallyAsync(Func<Task<bool>> isTrue)
    {
        long started = Stopwatch.GetTimestamp();
        while (!await isTrue())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < _patience, "What was waited for does not come.");
            await Task.Delay(10);
        }
    }
}
