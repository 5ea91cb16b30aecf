using BudgetGuard.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Api.Administration;

/// <summary>Answers what was decided and spent lately, on this machine since its start.</summary>
internal sealed class HistoryApi(GuardHistory history, TimeProvider time)
{
    public const int StandardDecisions = 100;

    /// <summary>An answer that would be longer is refused, so that none is incomplete without a word.</summary>
    public const int MostSpendRows = 10_000;

    private static readonly string?[] _noBudget = [null];

    private static readonly string[] _dimensions = ["user", "model", "operation", "budget"];

    public Task ListDecisionsAsync(HttpContext context)
    {
        var query = new ApiQuery(context, "limit");
        query.Check();
        DecisionRow[] rows = [.. history.Decisions.Read(query.Count("limit", StandardDecisions, DecisionRing.Capacity)).Select(Row)];
        return ApiAnswer.WriteAsync(context, rows, AdministrationJson.Default.DecisionRowArray);
    }

    public static DecisionRow Row(DecisionEntry entry) => new(
        entry.At.UtcDateTime, entry.User, entry.Operation, entry.Model, DecisionNames.Of(entry.Kind), entry.Budget, entry.Estimated.Usd, entry.Cost?.Usd, entry.Reason);

    public Task ListSpendAsync(HttpContext context)
    {
        var query = new ApiQuery(context, "from", "to", "group_by", "interval");
        query.Check();
        bool byDay = query.Text("interval") switch
        {
            null or "hour" => false,
            "day" => true,
            _ => throw ApiProblemException.Invalid("'interval' is neither hour nor day."),
        };
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset to = query.Time("to") ?? now.AddTicks(1);
        DateTimeOffset from = Floor(query.Time("from") ?? DayBefore(to), byDay);
        if (from >= to)
        {
            throw ApiProblemException.Invalid("'from' is not before 'to'.");
        }

        SpendRow[] rows = Rows(history.Spend.Read(from, to), GroupingOf(query.Text("group_by")), byDay);
        return ApiAnswer.WriteAsync(context, rows, AdministrationJson.Default.SpendRowArray);
    }

    private static HashSet<string> GroupingOf(string? text)
    {
        if (text is null)
        {
            return ["user", "model", "operation"];
        }

        var grouping = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!_dimensions.Contains(name) || !grouping.Add(name))
            {
                throw ApiProblemException.Invalid($"'group_by' is no list of {string.Join(", ", _dimensions)}, each once at most.");
            }
        }

        return grouping;
    }

    private static SpendRow[] Rows(List<(DateTime Start, SpendKey Key, SpendSum Sum)> spend, HashSet<string> grouping, bool byDay)
    {
        (bool user, bool model, bool operation, bool budget) =
            (grouping.Contains("user"), grouping.Contains("model"), grouping.Contains("operation"), grouping.Contains("budget"));
        var sums = new Dictionary<(DateTime Start, string? User, string? Model, string? Operation, string? Budget), SpendSum>();
        foreach ((DateTime start, SpendKey key, SpendSum sum) in spend)
        {
            // A request counts for each budget it was charged to.
            IEnumerable<string?> names = budget && !key.Budgets.Names.IsEmpty ? key.Budgets.Names : _noBudget;
            foreach (string? name in names)
            {
                var group = (byDay ? start.Date : start, user ? key.User : null, model ? key.Model : null, operation ? key.Operation : null, name);
                SpendSum known = sums.GetValueOrDefault(group);
                known.Add(sum);
                sums[group] = known;
            }
        }

        if (sums.Count > MostSpendRows)
        {
            throw ApiProblemException.Invalid($"The answer has more than {MostSpendRows} rows; ask for less time, or tell less apart.");
        }

        return
        [
            .. sums.OrderBy(static pair => pair.Key.Start).ThenBy(static pair => pair.Key.User, StringComparer.Ordinal)
                .ThenBy(static pair => pair.Key.Model, StringComparer.Ordinal).ThenBy(static pair => pair.Key.Operation, StringComparer.Ordinal)
                .ThenBy(static pair => pair.Key.Budget, StringComparer.Ordinal)
                .Select(static pair => new SpendRow(
                    pair.Key.Start, pair.Key.User, pair.Key.Model, pair.Key.Operation, pair.Key.Budget, pair.Value.Requests, pair.Value.Denied,
                    pair.Value.InputTokens, pair.Value.OutputTokens, (decimal)pair.Value.CostNanos / Money.NanosPerUsd)),
        ];
    }

    private static DateTimeOffset DayBefore(DateTimeOffset time) =>
        time.UtcTicks > TimeSpan.TicksPerDay ? time.AddDays(-1) : DateTimeOffset.MinValue;

    private static DateTimeOffset Floor(DateTimeOffset time, bool toDay)
    {
        long width = toDay ? TimeSpan.TicksPerDay : TimeSpan.TicksPerHour;
        return new DateTimeOffset(time.UtcTicks / width * width, TimeSpan.Zero);
    }
}
