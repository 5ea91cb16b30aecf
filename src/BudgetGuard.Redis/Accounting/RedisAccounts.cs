using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>The accounts of a request as scripts know them; remembered with the set, which is the same for many requests.</summary>
internal sealed class RedisAccounts
{
    /// <summary>How many arguments each account has.</summary>
    public const int Arguments = 8;

    private const int Common = 5;

    public RedisAccounts(string prefix, AccountSet set)
    {
        Prefix = prefix;
        All = [.. set.Accounts.Select(account => new RedisAccount(prefix, account))];
        Charged = All.Length + All.Count(static account => account.IsSplit);
        if (All.DistinctBy(static account => account.Own).Count() < All.Length)
        {
            throw new ArgumentException("A budget is named twice for one request.", nameof(set));
        }
    }

    /// <summary>What all their keys begin with.</summary>
    public string Prefix { get; }

    public RedisAccount[] All { get; }

    /// <summary>How many accounts a hold may be charged to: its own, and of those that are split what partitions share that are not tracked.</summary>
    public int Charged { get; }

    /// <summary>What a node that borrows remembers of them; owned by it.</summary>
    public object? Leased { get; set; }

    /// <summary>Hold, open holds, then for each account: own, shared, tracked.</summary>
    public RedisKey[] Keys(RedisKey hold, RedisKey open)
    {
        var keys = new RedisKey[2 + (All.Length * 3)];
        (keys[0], keys[1]) = (hold, open);
        for (int i = 0; i < All.Length; i++)
        {
            (keys[2 + (i * 3)], keys[3 + (i * 3)], keys[4 + (i * 3)]) = (All[i].Own, All[i].Shared, All[i].Members);
        }

        return keys;
    }

    /// <summary>Hold, open holds, for each account those it may have been charged to, and then where those that are tracked are.</summary>
    public RedisKey[] ChargedKeys(RedisKey hold, RedisKey open)
    {
        var keys = new RedisKey[2 + Charged + (Charged - All.Length)];
        (keys[0], keys[1]) = (hold, open);
        int at = 2;
        int members = 2 + Charged;
        foreach (RedisAccount account in All)
        {
            keys[at++] = account.Own;
            if (account.IsSplit)
            {
                keys[at++] = account.Shared;
                keys[members++] = account.Members;
            }
        }

        return keys;
    }

    /// <summary>The arguments: four of the script's own after the time, then each account's.</summary>
    public RedisValue[] Values(RedisValue time, RedisValue first, RedisValue second, RedisValue third, long now, Func<RedisAccount, long> amount, bool enforces = true)
    {
        var values = new RedisValue[Common + (All.Length * Arguments)];
        (values[0], values[1], values[2], values[3], values[4]) = (time, first, second, third, All.Length);
        for (int i = 0; i < All.Length; i++)
        {
            RedisAccount account = All[i];
            account.Write(
                values.AsSpan(Common + (i * Arguments), Arguments), Math.Max(0, account.Account.Limit), amount(account), enforces && account.Account.Terms.Enforced, now);
        }

        return values;
    }
}
