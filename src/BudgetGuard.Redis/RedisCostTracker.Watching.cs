using System.Collections.Concurrent;
using BudgetGuard.Accounting;
using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>How a node looks at all accounts, for what no request tells of.</summary>
internal sealed partial class RedisCostTracker : IAccountScan
{
    // Budgets that are not configured: a policy of the application's own may ask for such.
    private const int MostMet = 1_000;

    private readonly RedisWatcher _watcher;
    private readonly ConcurrentDictionary<string, Account> _met = new(StringComparer.Ordinal);

    /// <summary>The budgets there are, each as one of its accounts.</summary>
    public Func<IEnumerable<Account>> Budgets { get; init; } = static () => [];

    internal string Prefix => _prefix;

    internal string Node => _node;

    /// <inheritdoc/>
    public ValueTask ScanAsync(CancellationToken cancellationToken) => _watcher.ScanAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask<List<BudgetUsage>?> SummarizeAsync(CancellationToken cancellationToken) => _watcher.SummarizeAsync(cancellationToken);

    /// <summary>Runs a script that decides nothing; the time comes before its arguments.</summary>
    internal ValueTask<RedisResult> RunScriptAsync(
        RedisScript script, RedisKey[] keys, RedisValue? first, CancellationToken cancellationToken, params ReadOnlySpan<RedisValue> more)
    {
        RedisValue now = SentTime(Now());
        return _transport.RunAsync(script, keys, first is { } value ? [now, value, .. more] : [now, .. more], cancellationToken);
    }

    /// <summary>The budgets that are configured, and those that requests were charged to.</summary>
    internal Dictionary<string, WatchedBudget> AllBudgets()
    {
        var all = new Dictionary<string, WatchedBudget>(StringComparer.Ordinal);
        foreach (Account any in Budgets())
        {
            var budget = new WatchedBudget(_prefix, any);
            all.TryAdd(budget.Id, budget);
        }

        foreach (Account any in _met.Values)
        {
            var budget = new WatchedBudget(_prefix, any);
            all.TryAdd(budget.Id, budget);
        }

        return all;
    }

    private void Met(RedisAccounts accounts)
    {
        foreach (RedisAccount account in accounts.All)
        {
            string budget = (string)account.Members!;
            if (_met.ContainsKey(budget) || _met.Count < MostMet)
            {
                _met[budget] = account.Account;
            }
        }
    }
}
