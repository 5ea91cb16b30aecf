namespace BudgetGuard;

/// <summary>Who pays for a request. A string converts to a subject whose user it names.</summary>
/// <param name="User">The user; null or blank means <see cref="Anonymous"/>. Compared byte for byte. At most 256 characters, without control characters.</param>
public readonly record struct BudgetSubject(string? User)
{
    /// <summary>The user name that all callers without an identity share: <c>anonymous</c>.</summary>
    public const string AnonymousUser = "anonymous";

    /// <summary>The subject of a caller without an identity.</summary>
    public static BudgetSubject Anonymous { get; } = new(AnonymousUser);

    // Most subjects are a user and nothing else: what else there may be is one reference, so that a subject is cheap to copy.
    private readonly Further? _further;

    /// <summary>The user's team, if any.</summary>
    public string? Team
    {
        get => _further?.Team;
        init => _further = Further.OrNull(value, ApiKeyId, Tags);
    }

    /// <summary>The id (never the secret) of the API key that was used, if any.</summary>
    public string? ApiKeyId
    {
        get => _further?.ApiKeyId;
        init => _further = Further.OrNull(Team, value, Tags);
    }

    /// <summary>Further dimensions that budgets may be split by, by name.</summary>
    public IReadOnlyDictionary<string, string>? Tags
    {
        get => _further?.Tags;
        init => _further = Further.OrNull(Team, ApiKeyId, value);
    }

    /// <summary>Makes a subject from a user name.</summary>
    public static implicit operator BudgetSubject(string? user) => new(user);

    /// <summary>Makes a subject from a user name.</summary>
    public static BudgetSubject FromString(string? user) => new(user);

    private sealed record Further(string? Team, string? ApiKeyId, IReadOnlyDictionary<string, string>? Tags)
    {
        public static Further? OrNull(string? team, string? apiKeyId, IReadOnlyDictionary<string, string>? tags) =>
            team is null && apiKeyId is null && tags is null ? null : new Further(team, apiKeyId, tags);
    }
}
