using System.Globalization;

namespace BudgetGuard.Email;

/// <summary>What a mail tells of an alert, line by line: for both of its parts.</summary>
internal static class MailFacts
{
    /// <summary>Names of users, models and tags; nobody reads on behind it.</summary>
    private const int MostOfValue = 256;

    public static List<(string Label, string Value)> Of(BudgetAlert alert)
    {
        List<(string Label, string Value)> facts = [];
        Add(facts, "Severity", alert.Severity.ToString());
        Add(facts, "Type", alert.Type);
        Add(facts, "Recovers", alert.Recovers);
        Add(facts, "Budget", alert.Budget);
        for (int i = 0; i < alert.Partition.Count; i++)
        {
            Add(facts, i < alert.Per.Count ? MailText.Line(alert.Per[i], 64) : "Partition", alert.Partition[i] ?? "none");
        }

        Add(facts, "Model", alert.Model);
        Add(facts, "Operation", alert.Operation);
        Add(facts, "Used", Amount(alert.Used, alert.Unit));
        Add(facts, "Limit", Amount(alert.Limit, alert.Unit));
        Add(facts, "Share used", Share(alert.Utilization));
        Add(facts, "Threshold", Share(alert.Threshold));
        Add(facts, "Forecast", Amount(alert.Forecast, alert.Unit));
        Add(facts, "Amount", Amount(alert.Amount, alert.Unit));
        Add(facts, "Usual amount", Amount(alert.Expected, alert.Unit));
        Add(facts, "Window began", Time(alert.WindowStart));
        Add(facts, "Starts anew", Time(alert.ResetsAt));
        Add(facts, "Happened", Time(alert.At));
        return facts;
    }

    public static string? Amount(decimal? amount, BudgetUnit? unit) => amount is not { } value ? null
        : string.Create(CultureInfo.InvariantCulture, $"{value:#,0.#########}") + unit switch
        {
            null => string.Empty,
            BudgetUnit.Usd => " USD",
            BudgetUnit.Tokens => " tokens",
            BudgetUnit.Requests => " requests",
            _ => " requests in flight",
        };

    private static void Add(List<(string Label, string Value)> facts, string label, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            facts.Add((label, MailText.Line(value, MostOfValue)));
        }
    }

    private static string? Share(decimal? share) => share is { } value ? string.Create(CultureInfo.InvariantCulture, $"{value * 100:0.##} %") : null;

    private static string? Time(DateTimeOffset? time) => time?.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
