using System.Runtime.CompilerServices;
using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>
/// Goes over accounts, some at a time, and rests in between: however many there are, requests find the server free most of the time, and this node has no more than a few of
/// them in hand. An account may come twice.
/// </summary>
internal sealed class AccountWalk(RedisCostTracker tracker, TimeProvider time)
{
    /// <summary>How many accounts are asked for at once.</summary>
    public const int AtOnce = 100;

    // How many of the index, where those are passed over that are not in use.
    private const int Looked = 500;

    // One part of the time it asks, four it rests.
    private const int Rests = 4;

    private static readonly TimeSpan _least = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan _most = TimeSpan.FromSeconds(1);

    private int _asked;
    private long _began = time.GetTimestamp();

    /// <summary>The accounts of some budgets that are in use, with what was noted of them.</summary>
    public async IAsyncEnumerable<WatchedAccount[]> AccountsAsync(IReadOnlyList<WatchedBudget> budgets, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (int first = 0; first < budgets.Count; first += AtOnce)
        {
            var some = new List<(WatchedBudget, RedisAccount)>(AtOnce);
            for (int i = first; i < Math.Min(first + AtOnce, budgets.Count); i++)
            {
                some.Add((budgets[i], budgets[i].Whole));
            }

            byte[][] noted = new byte[some.Count][];
            RedisResult[] found = await WatchedAsync([.. some.Select(static one => one.Item2.Own)], cancellationToken).ConfigureAwait(false);
            for (int i = 0; i < noted.Length; i++)
            {
                noted[i] = (byte[]?)found[(i * 2) + 1] ?? [];
            }

            yield return await ReadAsync(some, noted, cancellationToken).ConfigureAwait(false);
        }

        foreach (WatchedBudget budget in budgets)
        {
            string at = "0";
            while (budget.IsSplit)
            {
                await PaceAsync(0, cancellationToken).ConfigureAwait(false);
                var members = (RedisResult[])(await tracker.RunScriptAsync(RedisScripts.Tracked, [budget.Whole.Members], at, cancellationToken, Looked).ConfigureAwait(false))!;
                _asked += AtOnce / 10;
                for (int first = 1; first < members.Length; first += AtOnce)
                {
                    yield return await PartitionsAsync(budget, members[first..Math.Min(first + AtOnce, members.Length)], cancellationToken).ConfigureAwait(false);
                }

                at = (string)members[0]!;
                if (at == "0")
                {
                    break;
                }
            }
        }
    }

    /// <summary>Rests where enough was asked for since it did last.</summary>
    /// <param name="more">How much is asked for next.</param>
    /// <param name="cancellationToken">Ends the rest.</param>
    public async ValueTask PaceAsync(int more, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_asked >= AtOnce)
        {
            TimeSpan rest = time.GetElapsedTime(_began) * Rests;
            await Task.Delay(rest < _least ? _least : rest > _most ? _most : rest, time, cancellationToken).ConfigureAwait(false);
            (_asked, _began) = (0, time.GetTimestamp());
        }

        _asked += more;
    }

    private async ValueTask<WatchedAccount[]> PartitionsAsync(WatchedBudget budget, RedisResult[] members, CancellationToken cancellationToken)
    {
        RedisResult[] found = await WatchedAsync([.. members.Select(static member => (RedisKey)(string)member!)], cancellationToken).ConfigureAwait(false);
        var some = new List<(WatchedBudget, RedisAccount)>(members.Length);
        var noted = new List<byte[]>(members.Length);
        for (int i = 0; i < members.Length; i++)
        {
            // One that gave its place to another may be gone by now.
            if (budget.PartitionOf(tracker.Prefix, (string?)found[i * 2]) is { } place)
            {
                some.Add((budget, place));
                noted.Add((byte[]?)found[(i * 2) + 1] ?? []);
            }
        }

        return some.Count == 0 ? [] : await ReadAsync(some, noted, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<RedisResult[]> WatchedAsync(RedisKey[] keys, CancellationToken cancellationToken)
    {
        await PaceAsync(keys.Length, cancellationToken).ConfigureAwait(false);
        return (RedisResult[])(await tracker.RunScriptAsync(RedisScripts.Watched, keys, null, cancellationToken).ConfigureAwait(false))!;
    }

    private async ValueTask<WatchedAccount[]> ReadAsync(List<(WatchedBudget Budget, RedisAccount Place)> some, IReadOnlyList<byte[]> noted, CancellationToken cancellationToken)
    {
        RedisFigures[] figures = await tracker.ReadAsync([.. some.Select(static one => one.Place)], null, cancellationToken).ConfigureAwait(false);
        var accounts = new List<WatchedAccount>(some.Count);
        for (int i = 0; i < figures.Length; i++)
        {
            // A partition that has no account of its own any more: the shared one comes by itself.
            if (!figures[i].IsShared)
            {
                accounts.Add(new WatchedAccount(some[i].Budget, some[i].Place, figures[i], noted[i]));
            }
        }

        return [.. accounts];
    }
}
