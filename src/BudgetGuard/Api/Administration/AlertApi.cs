using BudgetGuard.Alerts.Delivery;
using BudgetGuard.Alerts.Sinks;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Api.Administration;

/// <summary>Answers what people were told, and lets a sink be tried.</summary>
internal sealed class AlertApi(AlertHistory history, IBudgetAlerts alerts)
{
    public const int StandardAlerts = 50;

    public Task ListAsync(HttpContext context)
    {
        var query = new ApiQuery(context, "limit");
        query.Check();
        AlertRow[] rows = [.. history.Read(query.Count("limit", StandardAlerts, AlertHistory.Capacity)).Select(static one => Row(one.Alert.Write(), one.Outcomes))];
        return ApiAnswer.WriteAsync(context, rows, AdministrationJson.Default.AlertRowArray);
    }

    public async Task TestAsync(HttpContext context)
    {
        new ApiQuery(context).Check();
        AlertTestRequest request = await ApiAnswer.ReadAsync(context, AdministrationJson.Default.AlertTestRequest);
        string? name = alerts.Sinks.FirstOrDefault(sink => sink.Name.Equals(request.Sink, StringComparison.OrdinalIgnoreCase))?.Name;
        if (name is null)
        {
            throw ApiProblemException.NotFound($"There is no alert sink of this name; there are {string.Join(", ", alerts.Sinks.Select(static sink => sink.Name))}.");
        }

        AlertTestResult result = await alerts.SendTestAsync(name, context.RequestAborted);
        await ApiAnswer.WriteAsync(context, new AlertTestRow(name, result.IsDelivered, result.Failure), AdministrationJson.Default.AlertTestRow);
    }

    public static AlertRow Row(BudgetAlert alert, SinkOutcome[] outcomes) => new(
        alert.Id,
        alert.Type,
        AlertFacts.Severity(alert.Severity),
        alert.At.UtcDateTime,
        alert.Budget,
        PartitionOf(alert),
        Plain(alert.Threshold),
        Plain(alert.Limit),
        Plain(alert.Used),
        alert.Message,
        [.. outcomes.Select(static one => new DeliveryRow(one.Sink, NameOf(one.Outcome), one.Failure))]);

    private static decimal? Plain(decimal? amount) => amount is { } value ? AlertFacts.Plain(value) : null;

    private static Dictionary<string, string?> PartitionOf(BudgetAlert alert)
    {
        var partition = new Dictionary<string, string?>(StringComparer.Ordinal);
        for (int i = 0; i < alert.Partition.Count; i++)
        {
            partition.TryAdd(ApiNames.OfDimension(AlertFacts.PartitionName(alert, i)), alert.Partition[i]);
        }

        return partition;
    }

    private static string NameOf(AlertOutcome outcome) => outcome switch
    {
        AlertOutcome.Sent => "sent",
        AlertOutcome.Skipped => "sent_before",
        AlertOutcome.Folded => "folded",
        AlertOutcome.Failed => "failed",
        _ => "dropped",
    };
}
