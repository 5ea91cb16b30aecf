namespace BudgetGuard;

/// <summary>Who pays for a request. A string converts to a subject whose user it names.</summary>
/// <param name="User">The user; null or blank means <see cref="Anonymous"/>. Compared byte for byte. At most 256 characters, without control characters.</param>
public readonly record struct BudgetSubject(string? User)
{
    /// <summary>The user name that all callers without an identity share: <c>anonymous</c>.</summary>
    public const string AnonymousUser = "anonymous";

    /// <summary>The subject of a caller without an identity.</summary>
    public static BudgetSubject Anonymous { get; } = new(AnonymousUser);

    /// <summary>The user's team, if any.</summary>
    public string? Team { get; init; }

    /// <summary>The id (never the secret) of the API key that was used, if any.</summary>
    public string? ApiKeyId { get; init; }

    /// <summary>Further dimensions that budgets may be split by, by name.</summary>
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    /// <summary>Makes a subject from a user name.</summary>
    public static implicit operator BudgetSubject(string? user) => new(user);

    /// <summary>Makes a subject from a user name.</summary>
    public static BudgetSubject FromString(string? user) => new(user);
}
