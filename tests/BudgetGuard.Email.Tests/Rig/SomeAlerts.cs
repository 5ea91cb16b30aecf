namespace BudgetGuard.Email.Tests.Rig;

/// <summary>Alerts to send.</summary>
internal static class SomeAlerts
{
    public static readonly Guid Id = new("0195612e-2e98-7cc0-8a5e-3d1f6f2b9c47");

    public static BudgetAlert Exceeded { get; } = new()
    {
        Id = Id,
        Type = AlertTypes.BudgetExceeded,
        Severity = AlertSeverity.Critical,
        At = MailRig.Now,
        IncidentKey = "incident",
        Budget = "team-month",
        Unit = BudgetUnit.Usd,
        Per = ["Team", "cost-center"],
        Partition = ["research", null],
        WindowStart = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero),
        ResetsAt = new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.FromHours(2)),
        Limit = 1500m,
        Used = 1500.000125m,
        Utilization = 1.00000008m,
        Message = "Budget team-month (research, none): requests are rejected, 1500.000125 of 1500 USD used",
    };

    public static BudgetAlert Summary { get; } = new()
    {
        Id = Id,
        Type = AlertTypes.DailySummary,
        Severity = AlertSeverity.Information,
        At = MailRig.Now,
        IncidentKey = "summary",
        Items =
        [
            new AlertItem { Budget = "org", Count = 1, Used = 12.5m, Limit = 100m, Text = "org: 12.5 of 100 USD used" },
            new AlertItem { Budget = "team-month", Count = 23, Used = 3m, Text = "team-month: <b>3</b> USD used by 23 teams" },
        ],
        Message = "2 budgets used 15.5 USD",
    };
}
