using System.Collections.Immutable;
using BudgetGuard.Configuration;
using BudgetGuard.Identification;
using BudgetGuard.Policy;

namespace BudgetGuard.Api.Administration;

/// <summary>Finds the budget and the account that a request to the API names.</summary>
internal sealed class AccountAddress(SettingsSource settings, IPriceCatalog catalog)
{
    public BudgetRule Budget(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            throw ApiProblemException.Invalid("'budget' is missing.");
        }

        foreach (BudgetRule rule in settings.Current.Budgets)
        {
            if (string.Equals(rule.Terms.Name, name, StringComparison.OrdinalIgnoreCase))
            {
                return rule;
            }
        }

        throw ApiProblemException.NotFound("There is no budget of this name.");
    }

    /// <summary>The account whose partition is given in full.</summary>
    public Account Account(BudgetRule rule, IReadOnlyDictionary<string, string?> partition)
    {
        ImmutableArray<string> per = rule.Terms.Per;
        foreach (string name in partition.Keys)
        {
            if (!per.Any(dimension => ApiNames.OfDimension(dimension) == name))
            {
                throw ApiProblemException.Invalid($"'{(name.Length <= 64 ? name : name[..64])}' does not split this budget; expected {Expected(per)}.");
            }
        }

        var values = ImmutableArray.CreateBuilder<string?>(per.Length);
        for (int i = 0; i < per.Length; i++)
        {
            string name = ApiNames.OfDimension(per[i]);
            if (!partition.TryGetValue(name, out string? value))
            {
                throw ApiProblemException.Invalid($"'{name}' is missing from the partition; expected {Expected(per)}.");
            }

            values.Add(Value(rule.Per[i], name, value));
        }

        return BudgetMatcher.AccountOf(rule, values.MoveToImmutable());
    }

    /// <summary>A value as requests bring it; blank is what requests have that lack the dimension.</summary>
    public string? Value(Dimension dimension, string name, string? value)
    {
        SubjectRules.Check(name, value);
        bool isBlank = string.IsNullOrWhiteSpace(value);
        return dimension.Kind switch
        {
            DimensionKind.User => isBlank ? BudgetSubject.AnonymousUser : value,
            DimensionKind.Model => isBlank ? null : (catalog.Find(value!)?.Model ?? value!).ToLowerInvariant(),
            _ => isBlank ? null : value,
        };
    }

    public static IReadOnlyDictionary<string, string?> PartitionOf(Account account)
    {
        ImmutableArray<string?> values = account.Key.Partition;
        var partition = new Dictionary<string, string?>(values.Length, StringComparer.Ordinal);
        for (int i = 0; i < values.Length && i < account.Terms.Per.Length; i++)
        {
            // Of a tag 'user' beside User one name is the guard's own, and comes first.
            partition.TryAdd(ApiNames.OfDimension(account.Terms.Per[i]), values[i]);
        }

        return partition;
    }

    public static AccountRow Row(Account account, in AccountState state)
    {
        BudgetUnit unit = account.Terms.Unit;
        decimal limit = InUnit(unit, state.Limit);
        decimal settled = InUnit(unit, state.Settled);
        decimal held = InUnit(unit, state.Held);
        decimal debt = InUnit(unit, state.Debt);
        return new AccountRow(
            account.Terms.Name, PartitionOf(account), ApiNames.Utc(state.WindowStart), ApiNames.Utc(state.ResetsAt), limit, settled, held, debt,
            limit - settled - held - debt);
    }

    public static decimal InUnit(BudgetUnit unit, long amount) => Accounting.BudgetUnitAmounts.InUnit(unit, amount);

    private static string Expected(ImmutableArray<string> per) =>
        per.IsEmpty ? "an empty partition, as nothing splits it" : string.Join(", ", per.Select(ApiNames.OfDimension));
}
