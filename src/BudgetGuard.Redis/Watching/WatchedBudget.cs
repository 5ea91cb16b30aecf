using BudgetGuard.Accounting;

namespace BudgetGuard.Redis;

/// <summary>A budget as who looks at its accounts knows it.</summary>
internal sealed class WatchedBudget
{
    public WatchedBudget(string prefix, Account any)
    {
        Terms = any.Terms;
        Limit = any.Limit;
        Whole = new RedisAccount(prefix, new Account(any.Terms, [], any.Limit));
        Id = ((string)Whole.Members!)[(prefix.Length + 2)..];
    }

    public BudgetTerms Terms { get; }

    public long Limit { get; }

    /// <summary>Its account; of a budget that is split that of all partitions that are not tracked.</summary>
    public RedisAccount Whole { get; }

    /// <summary>Half of a hash, as keys have it.</summary>
    public string Id { get; }

    public bool IsSplit => !Terms.Per.IsDefaultOrEmpty;

    /// <summary>True if anything is looked for in its accounts: budgets of rolling windows, of minutes and of what is in flight have nothing to foretell.</summary>
    public bool IsWatched => Whole.Kind == "C" && Terms.Window.Period != BudgetPeriod.Minute;

    /// <summary>True if its windows are forecast.</summary>
    public bool IsForecast => IsWatched && Terms.Window.Period != BudgetPeriod.Total;

    /// <summary>A partition of it; null where the text is none.</summary>
    public RedisAccount? PartitionOf(string prefix, string? text) =>
        !string.IsNullOrEmpty(text) && AlertClaimText.ParsePartition(text) is { } values && values.Length == Terms.Per.Length
            ? new RedisAccount(prefix, new Account(Terms, values, Limit))
            : null;
}

/// <summary>An account as it was found.</summary>
/// <param name="Budget">Its budget.</param>
/// <param name="Place">Where it is.</param>
/// <param name="Figures">Its figures.</param>
/// <param name="Noted">What was noted of it at the last look.</param>
internal readonly record struct WatchedAccount(WatchedBudget Budget, RedisAccount Place, RedisFigures Figures, byte[] Noted)
{
    /// <summary>True of the account of all partitions that are not tracked.</summary>
    public bool IsShared => Budget.IsSplit && ReferenceEquals(Place, Budget.Whole);

    /// <summary>The account, with the limit it has now.</summary>
    public Account Account => new(Budget.Terms, Place.Account.Key.Partition, Figures.Limit);
}
