using BudgetGuard.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Api.Administration;

/// <summary>Answers what was decided and spent lately: from where it is kept, else on this machine since its start.</summary>
internal sealed class HistoryApi(GuardHistory history, TimeProvider time, HistoryReader? kept = null)
{
    public const int StandardDecisions = 100;

    private static readonly string[] _dimensions = ["user", "model", "operation", "budget"];

    public async Task ListDecisionsAsync(HttpContext context)
    {
        var query = new ApiQuery(context, "limit");
        query.Check();
        int most = query.Count("limit", StandardDecisions, DecisionRing.Capacity);
        List<DecisionEntry> found = kept is null ? history.Decisions.Read(most) : await kept.ReadDecisionsAsync(most, context.RequestAborted);
        DecisionRow[] rows = [.. found.Select(Row)];
        await ApiAnswer.WriteAsync(context, rows, AdministrationJson.Default.DecisionRowArray);
    }

    public static DecisionRow Row(DecisionEntry entry) => new(
        entry.At.UtcDateTime, entry.User, entry.Operation, entry.Model, DecisionNames.Of(entry.Kind), entry.Budget, entry.Estimated.Usd, entry.Cost?.Usd, entry.Reason);

    public async Task ListSpendAsync(HttpContext context)
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

        var spend = new SpendGrouping(GroupingOf(query.Text("group_by")), byDay);
        if (kept is null)
        {
            history.Spend.Read(from, to).ForEach(spend.Add);
        }
        else
        {
            await kept.ReadSpendAsync(from, to, spend.Add, context.RequestAborted);
        }

        await ApiAnswer.WriteAsync(context, spend.ToRows(), AdministrationJson.Default.SpendRowArray);
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

    private static DateTimeOffset DayBefore(DateTimeOffset time) =>
        time.UtcTicks > TimeSpan.TicksPerDay ? time.AddDays(-1) : DateTimeOffset.MinValue;

    private static DateTimeOffset Floor(DateTimeOffset time, bool toDay)
    {
        long width = toDay ? TimeSpan.TicksPerDay : TimeSpan.TicksPerHour;
        return new DateTimeOffset(time.UtcTicks / width * width, TimeSpan.Zero);
    }
}
