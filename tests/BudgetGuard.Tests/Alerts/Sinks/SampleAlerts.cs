using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>One alert of each type, the same in each run.</summary>
internal static class SampleAlerts
{
    public static FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 6, 10, 14, 3, 0, TimeSpan.Zero));

    public static IReadOnlyList<BudgetAlert> All { get; } = [.. AlertTypes.All.Select(Of)];

    public static BudgetAlert Of(string type)
    {
        DateTimeOffset now = Time.GetUtcNow();
        BudgetAlert alert = new()
        {
            Id = new Guid($"01975a1c-7e20-7000-8000-{AlertTypes.All.ToList().IndexOf(type):d12}"),
            Type = type,
            Severity = type == AlertTypes.BudgetExceeded ? AlertSeverity.Critical : AlertSeverity.Warning,
            At = now,
            IncidentKey = $"incident-{type.Replace('_', '-')}",
            Message = $"Sample of {type}",
        };
        return type switch
        {
            AlertTypes.Test or AlertTypes.StoreUnavailable => alert,
            AlertTypes.ModelUnpriced => alert with { Model = "new-model" },
            AlertTypes.Digest or AlertTypes.DailySummary => alert with
            {
                Severity = AlertSeverity.Information,
                Items = [.. Enumerable.Range(1, 30).Select(i => new AlertItem { Type = AlertTypes.BudgetExceeded, Budget = $"b{i}", Count = i, Used = i, Limit = 50, Text = $"budget b{i}: {i} of 50 USD" })],
            },
            _ => alert with
            {
                Budget = "user_daily",
                Unit = BudgetUnit.Usd,
                Per = ["User", "ApiKey"],
                Partition = ["alice", null],
                WindowStart = now.Date,
                ResetsAt = new DateTimeOffset(2026, 6, 11, 0, 0, 0, TimeSpan.Zero),
                Threshold = 0.8m,
                Limit = 10.00m,
                Used = 8.50m,
                Utilization = 0.850m,
                Recovers = type == AlertTypes.Recovered ? AlertTypes.BudgetExceeded : null,
            },
        };
    }
}
