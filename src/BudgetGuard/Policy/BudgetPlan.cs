using System.Collections.Immutable;
using BudgetGuard.Configuration;

namespace BudgetGuard.Policy;

/// <summary>The budgets that apply to one (subject, model, operation), with the accounts they are charged to. Made once, used for many requests.</summary>
internal sealed class BudgetPlan(AccountSet accounts, bool closedOnStoreFailure)
{
    public AccountSet Accounts { get; } = accounts;

    /// <summary>True if any of the budgets answers 503 rather than pass a request uncounted.</summary>
    public bool ClosedOnStoreFailure { get; } = closedOnStoreFailure;

    public bool IsEmpty => Accounts.Accounts.IsEmpty;
}

/// <summary>Finds the budgets that apply to a request.</summary>
internal static class BudgetMatcher
{
    public static BudgetPlan Match(BudgetRequest request, GuardSettings settings, IPriceCatalog catalog)
    {
        string? canonicalModel = request.Model is { } model ? catalog.Find(model)?.Model ?? model : null;

        // A model that only a header names may bring budgets in, but whoever sends it does not choose an account or a limit with it.
        string? countedModel = request.ModelIsOnlyClaimed ? null : canonicalModel;
        var accounts = ImmutableArray.CreateBuilder<Account>();
        bool closed = !settings.FailOpen && settings.Budgets.IsEmpty;
        foreach (BudgetRule rule in settings.Budgets)
        {
            if (!Applies(rule, request, canonicalModel))
            {
                continue;
            }

            accounts.Add(new Account(rule.Terms, Partition(rule, request.Subject, countedModel, request.Operation), LimitFor(rule, request, countedModel)));
            closed |= rule.OnStoreFailure == StoreFailureAction.Reject;
        }

        var set = new AccountSet(accounts.ToImmutable()) { Model = countedModel, Operation = request.Operation };
        return new BudgetPlan(set, closed);
    }

    /// <summary>The account of a budget for values that split it, with the limit that holds for them.</summary>
    public static Account AccountOf(BudgetRule rule, ImmutableArray<string?> partition)
    {
        BudgetSubject subject = BudgetSubject.Anonymous;
        string? model = null;
        string operation = BudgetRequest.DefaultOperation;
        for (int i = 0; i < partition.Length; i++)
        {
            switch (rule.Per[i].Kind)
            {
                case DimensionKind.User:
                    subject = subject with { User = partition[i] };
                    break;
                case DimensionKind.Team:
                    subject = subject with { Team = partition[i] };
                    break;
                case DimensionKind.ApiKey:
                    subject = subject with { ApiKeyId = partition[i] };
                    break;
                case DimensionKind.Model:
                    model = partition[i];
                    break;
                case DimensionKind.Operation:
                    operation = partition[i] ?? operation;
                    break;
            }
        }

        var request = new BudgetRequest { Subject = subject, Operation = operation, Model = model };
        return new Account(rule.Terms, partition, LimitFor(rule, request, model));
    }

    /// <summary>True if a budget may apply to requests of a subject.</summary>
    public static bool AppliesTo(BudgetRule rule, BudgetSubject subject) => MatchesAny(rule.Users, subject.User) && MatchesAny(rule.Teams, subject.Team);

    private static bool Applies(BudgetRule rule, BudgetRequest request, string? canonicalModel)
    {
        if (rule.IsExplicit && !IsNamed(rule.Terms.Name, request.RequiredBudgets))
        {
            return false;
        }

        return MatchesAny(rule.Users, request.Subject.User)
            && MatchesAny(rule.Teams, request.Subject.Team)
            && (MatchesAny(rule.Models, canonicalModel) || MatchesAny(rule.Models, request.Model))
            && MatchesAny(rule.Operations, request.Operation);
    }

    private static bool IsNamed(string budget, IReadOnlyList<string> names)
    {
        foreach (string name in names)
        {
            if (string.Equals(name, budget, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static bool MatchesAny(ImmutableArray<WildcardPattern> patterns, string? value)
    {
        if (patterns.IsEmpty)
        {
            return true;
        }

        foreach (WildcardPattern pattern in patterns)
        {
            if (value is not null && pattern.Matches(value))
            {
                return true;
            }
        }

        return false;
    }

    private static ImmutableArray<string?> Partition(BudgetRule rule, BudgetSubject subject, string? countedModel, string operation)
    {
        var values = ImmutableArray.CreateBuilder<string?>(rule.Per.Length);
        foreach (Dimension dimension in rule.Per)
        {
            values.Add(dimension.Kind switch
            {
                DimensionKind.User => subject.User,
                DimensionKind.Team => subject.Team,
                DimensionKind.ApiKey => subject.ApiKeyId,
                DimensionKind.Model => countedModel?.ToLowerInvariant(),
                DimensionKind.Operation => operation,
                _ => subject.Tags is { } tags && tags.TryGetValue(dimension.Tag!, out string? value) ? value : null,
            });
        }

        return values.MoveToImmutable();
    }

    private static long LimitFor(BudgetRule rule, BudgetRequest request, string? countedModel)
    {
        foreach (LimitOverride other in rule.Overrides)
        {
            if (Fits(other.User, request.Subject.User)
                && Fits(other.Team, request.Subject.Team)
                && Fits(other.ApiKey, request.Subject.ApiKeyId)
                && Fits(other.Operation, request.Operation)
                && (other.Model is null || (countedModel is not null && (IsModel(other.Model, countedModel) || IsModel(other.Model, request.Model)))))
            {
                return other.Limit;
            }
        }

        return rule.Limit;
    }

    private static bool Fits(string? wanted, string? value) => wanted is null || string.Equals(wanted, value, StringComparison.Ordinal);

    private static bool IsModel(string wanted, string? value) => string.Equals(wanted, value, StringComparison.OrdinalIgnoreCase);
}
