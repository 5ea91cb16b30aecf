using BudgetGuard.Diagnostics;

namespace BudgetGuard.Api.Administration;

/// <summary>Adds up what was spent by what is to be told apart.</summary>
internal sealed class SpendGrouping(IReadOnlySet<string> dimensions, bool byDay)
{
    /// <summary>An answer that would be longer is refused, so that none is incomplete without a word.</summary>
    public const int MostRows = 10_000;

    private static readonly string?[] _noBudget = [null];

    private readonly (bool User, bool Model, bool Operation, bool Budget) _by =
        (dimensions.Contains("user"), dimensions.Contains("model"), dimensions.Contains("operation"), dimensions.Contains("budget"));

    private readonly Dictionary<(DateTime Start, string? User, string? Model, string? Operation, string? Budget), SpendSum> _sums = [];

    /// <exception cref="ApiProblemException">There are too many rows.</exception>
    public void Add(HourSpend spend)
    {
        SpendKey key = spend.Key;

        // A request counts for each budget it was charged to.
        IEnumerable<string?> names = _by.Budget && !key.Budgets.Names.IsEmpty ? key.Budgets.Names : _noBudget;
        foreach (string? name in names)
        {
            var group = (byDay ? spend.Start.Date : spend.Start, _by.User ? key.User : null, _by.Model ? key.Model : null, _by.Operation ? key.Operation : null, name);
            SpendSum known = _sums.GetValueOrDefault(group);
            known.Add(spend.Sum);
            _sums[group] = known;
        }

        if (_sums.Count > MostRows)
        {
            throw ApiProblemException.Invalid($"The answer has more than {MostRows} rows; ask for less time, or tell less apart.");
        }
    }

    public SpendRow[] ToRows() =>
    [
        .. _sums.OrderBy(static pair => pair.Key.Start).ThenBy(static pair => pair.Key.User, StringComparer.Ordinal)
            .ThenBy(static pair => pair.Key.Model, StringComparer.Ordinal).ThenBy(static pair => pair.Key.Operation, StringComparer.Ordinal)
            .ThenBy(static pair => pair.Key.Budget, StringComparer.Ordinal)
            .Select(static pair => new SpendRow(
                pair.Key.Start, pair.Key.User, pair.Key.Model, pair.Key.Operation, pair.Key.Budget, pair.Value.Requests, pair.Value.Denied,
                pair.Value.InputTokens, pair.Value.OutputTokens, (decimal)pair.Value.CostNanos / Money.NanosPerUsd)),
    ];
}
