using System.Collections.Immutable;

namespace BudgetGuard;

/// <summary>What tells one account from another: the budget with its unit and window, and the values that split it.</summary>
public readonly struct AccountKey : IEquatable<AccountKey>
{
    private readonly int _hash;

    /// <summary>Makes the key of one partition of a budget.</summary>
    public AccountKey(BudgetTerms terms, ImmutableArray<string?> partition)
    {
        Budget = terms.Name;
        Unit = terms.Unit;
        Window = terms.Window;
        Per = terms.Per;
        Partition = partition;
        var hash = new HashCode();
        hash.Add(Budget, StringComparer.OrdinalIgnoreCase);
        foreach (string? value in partition)
        {
            hash.Add(value, StringComparer.Ordinal);
        }

        _hash = hash.ToHashCode();
    }

    /// <summary>The budget's name.</summary>
    public string Budget { get; }

    /// <summary>The budget's unit; a budget whose unit changed has new accounts.</summary>
    public BudgetUnit Unit { get; }

    /// <summary>The budget's window; a budget whose window changed has new accounts.</summary>
    public WindowSpec Window { get; }

    /// <summary>What splits the budget; a budget that is split another way has new accounts.</summary>
    public ImmutableArray<string> Per { get; }

    /// <summary>One value for each dimension of the budget's <c>Per</c>, in its order; null where the request lacks it.</summary>
    public ImmutableArray<string?> Partition { get; }

    /// <inheritdoc/>
    public bool Equals(AccountKey other) =>
        _hash == other._hash
        && Unit == other.Unit
        && string.Equals(Budget, other.Budget, StringComparison.OrdinalIgnoreCase)
        && Window.Equals(other.Window)
        && Per.AsSpan().SequenceEqual(other.Per.AsSpan())
        && Partition.AsSpan().SequenceEqual(other.Partition.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is AccountKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <summary>Compares two keys.</summary>
    public static bool operator ==(AccountKey left, AccountKey right) => left.Equals(right);

    /// <summary>Compares two keys.</summary>
    public static bool operator !=(AccountKey left, AccountKey right) => !left.Equals(right);
}

/// <summary>One partition of a budget with the limit that applies to it.</summary>
public sealed class Account
{
    /// <summary>Makes an account.</summary>
    /// <param name="terms">The budget.</param>
    /// <param name="partition">One value for each dimension the budget is split by.</param>
    /// <param name="limit">The limit in the budget's unit; nano-dollars for <see cref="BudgetUnit.Usd"/>.</param>
    public Account(BudgetTerms terms, ImmutableArray<string?> partition, long limit)
    {
        Terms = terms;
        Limit = limit;
        Key = new AccountKey(terms, partition);
    }

    /// <summary>What tells this account from others.</summary>
    public AccountKey Key { get; }

    /// <summary>The budget.</summary>
    public BudgetTerms Terms { get; }

    /// <summary>The limit in the budget's unit; nano-dollars for <see cref="BudgetUnit.Usd"/>.</summary>
    public long Limit { get; }
}

/// <summary>The accounts one request is charged to. Made once and used for many requests, so that a tracker can remember where they are.</summary>
public sealed class AccountSet(ImmutableArray<Account> accounts)
{
    /// <summary>The accounts.</summary>
    public ImmutableArray<Account> Accounts { get; } = accounts;

    /// <summary>The model that is asked for, for alerts to name; null where none is known, or where only a header claims one.</summary>
    public string? Model { get; init; }

    /// <summary>The operation, for alerts to name.</summary>
    public string? Operation { get; init; }

    /// <summary>Where the tracker in use found these accounts; owned by that tracker.</summary>
    internal object? TrackerState { get; set; }
}
