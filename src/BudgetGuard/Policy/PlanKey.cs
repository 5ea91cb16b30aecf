namespace BudgetGuard.Policy;

/// <summary>What decides which budgets apply: every part of a request that a budget may match or be split by, compared value by value.</summary>
internal readonly struct PlanKey(BudgetRequest request) : IEquatable<PlanKey>
{
    private readonly string? _user = request.Subject.User;
    private readonly string? _team = request.Subject.Team;
    private readonly string? _apiKeyId = request.Subject.ApiKeyId;

    // A copy: an app that fills one dictionary anew for each request must not change the key of the one before.
    private readonly Dictionary<string, string>? _tags = request.Subject.Tags is { } tags ? new(tags, StringComparer.Ordinal) : null;
    private readonly string? _model = request.Model;
    private readonly string? _operation = request.Operation;
    private readonly IReadOnlyList<string>? _requiredBudgets = request.RequiredBudgets;
    private readonly bool _modelIsOnlyClaimed = request.ModelIsOnlyClaimed;

    public bool Equals(PlanKey other) =>
        _user == other._user
        && _model == other._model
        && _operation == other._operation
        && _team == other._team
        && _apiKeyId == other._apiKeyId
        && _modelIsOnlyClaimed == other._modelIsOnlyClaimed
        && SameNames(_requiredBudgets, other._requiredBudgets)
        && SameTags(_tags, other._tags);

    public override bool Equals(object? obj) => obj is PlanKey other && Equals(other);

    public override int GetHashCode()
    {
        int hash = HashCode.Combine(
            _user?.GetHashCode(StringComparison.Ordinal), _model?.GetHashCode(StringComparison.Ordinal), _operation?.GetHashCode(StringComparison.Ordinal),
            _team?.GetHashCode(StringComparison.Ordinal), _apiKeyId?.GetHashCode(StringComparison.Ordinal));
        if (_tags is { } tags)
        {
            // In whatever order they are listed.
            foreach ((string name, string value) in tags)
            {
                hash += HashCode.Combine(name.GetHashCode(StringComparison.Ordinal), value?.GetHashCode(StringComparison.Ordinal));
            }
        }

        return hash;
    }

    /// <summary>
    /// A hash of a request's key that is cheap because it looks at the user and the API key alone in full: of operations and models a user has few.
    /// </summary>
    public static int QuickHashOf(BudgetRequest request)
    {
        BudgetSubject subject = request.Subject;
        int hash = subject.User?.GetHashCode(StringComparison.Ordinal) ?? 0;
        hash = subject.ApiKeyId is { } key ? (hash * 397) ^ key.GetHashCode(StringComparison.Ordinal) : hash;
        return hash ^ (Sketch(request.Operation) * 397) ^ (request.Model is { } model ? Sketch(model) * 7919 : 0);
    }

    /// <summary>True if this is the key of a request.</summary>
    public bool IsOf(BudgetRequest request)
    {
        BudgetSubject subject = request.Subject;
        return _user == subject.User
            && _model == request.Model
            && _operation == request.Operation
            && _team == subject.Team
            && _apiKeyId == subject.ApiKeyId
            && _modelIsOnlyClaimed == request.ModelIsOnlyClaimed
            && (ReferenceEquals(_requiredBudgets, request.RequiredBudgets) || SameNames(_requiredBudgets, request.RequiredBudgets))
            && (ReferenceEquals(_tags, subject.Tags) || SameTags(_tags, subject.Tags));
    }

    private static int Sketch(string text) => text.Length == 0 ? 0 : (text.Length << 16) + (text[text.Length / 2] << 8) + text[^1];

    private static bool SameNames(IReadOnlyList<string>? left, IReadOnlyList<string>? right)
    {
        if (ReferenceEquals(left, right))
        {
            return true;
        }

        if (left is null || right is null || left.Count != right.Count)
        {
            return false;
        }

        for (int i = 0; i < left.Count; i++)
        {
            if (!string.Equals(left[i], right[i], StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }
        }

        return true;
    }

    private static bool SameTags(Dictionary<string, string>? left, IReadOnlyDictionary<string, string>? right)
    {
        if (ReferenceEquals(left, right))
        {
            return true;
        }

        if (left is null || right is null || left.Count != right.Count)
        {
            return false;
        }

        foreach ((string name, string value) in left)
        {
            if (!right.TryGetValue(name, out string? other) || !string.Equals(value, other, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }
}
