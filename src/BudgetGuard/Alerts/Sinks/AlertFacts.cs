using System.Globalization;

namespace BudgetGuard.Alerts.Sinks;

/// <summary>What is said of an alert to people: a title and facts as pairs of text. All of it is unescaped.</summary>
internal static class AlertFacts
{
    /// <summary>How many lines of a digest or summary are shown; the rest is counted.</summary>
    public const int MaxItems = 20;

    /// <summary>How many values of a partition are shown; more than anybody splits a budget by.</summary>
    public const int MaxPartition = 5;

    public static string Title(BudgetAlert alert)
    {
        string what = alert.Type == AlertTypes.Recovered && alert.Recovers is { } recovers ? $"Recovered: {Of(recovers).ToLowerInvariant()}" : Of(alert.Type);
        return alert.Budget is { } budget ? $"{what} · {budget}" : what;
    }

    public static IEnumerable<(string Label, string Value)> Of(BudgetAlert alert)
    {
        if (alert.Budget is { } budget)
        {
            yield return ("Budget", budget);
        }

        for (int i = 0; i < Math.Min(alert.Partition.Count, MaxPartition); i++)
        {
            yield return (PartitionName(alert, i), alert.Partition[i] ?? "none");
        }

        if (alert.Partition.Count > MaxPartition)
        {
            yield return ("Partition", Count(alert.Partition.Count - MaxPartition) + " more");
        }

        foreach ((string label, decimal? amount) in Amounts(alert))
        {
            if (amount is { } value)
            {
                yield return (label, Amount(value, alert.Unit));
            }
        }

        if (alert.Threshold is { } threshold)
        {
            yield return ("Threshold", Percent(threshold));
        }

        if (alert.Model is { } model)
        {
            yield return ("Model", model);
        }

        if (alert.Operation is { } operation)
        {
            yield return ("Operation", operation);
        }

        if (alert.WindowStart is { } start)
        {
            yield return ("Window since", Time(start));
        }

        if (alert.ResetsAt is { } resets)
        {
            yield return ("Starts anew", Time(resets));
        }
    }

    /// <summary>The lines of a digest or summary, the last of which may say how many are not shown.</summary>
    public static IEnumerable<string> Items(BudgetAlert alert, int max = MaxItems)
    {
        int shown = alert.Items.Count > max ? max : alert.Items.Count;
        for (int i = 0; i < shown; i++)
        {
            yield return alert.Items[i].Text;
        }

        if (alert.Items.Count > shown)
        {
            yield return $"and {Count(alert.Items.Count - shown)} more";
        }
    }

    /// <summary>One line of small print: how urgent, when, and the id to find it by.</summary>
    public static string Footer(BudgetAlert alert) => $"BudgetGuard · {Severity(alert.Severity)} · {Time(alert.At)} · {alert.Id}";

    public static string Severity(AlertSeverity severity) => severity switch
    {
        AlertSeverity.Critical => "critical",
        AlertSeverity.Warning => "warning",
        _ => "information",
    };

    public static string? Unit(BudgetUnit? unit) => unit switch
    {
        BudgetUnit.Usd => "usd",
        BudgetUnit.Tokens => "tokens",
        BudgetUnit.Requests => "requests",
        BudgetUnit.Concurrency => "concurrency",
        _ => null,
    };

    public static string PartitionName(BudgetAlert alert, int index) => index < alert.Per.Count ? alert.Per[index] : $"Partition {Count(index + 1)}";

    /// <summary>An amount without the zeros at its end, which only tell how it was calculated.</summary>
    public static decimal Plain(decimal amount) => amount / 1.0000000000000000000000000000m;

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static IEnumerable<(string Label, decimal? Amount)> Amounts(BudgetAlert alert) =>
        [("Used", alert.Used), ("Limit", alert.Limit), ("Forecast", alert.Forecast), ("This one", alert.Amount), ("Usual", alert.Expected)];

    private static string Amount(decimal amount, BudgetUnit? unit) =>
        Plain(amount).ToString(CultureInfo.InvariantCulture) + unit switch
        {
            BudgetUnit.Usd => " USD",
            BudgetUnit.Tokens => " tokens",
            BudgetUnit.Requests => " requests",
            BudgetUnit.Concurrency => " requests in flight",
            _ => string.Empty,
        };

    private static string Percent(decimal share) => (share * 100).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    private static string Count(int count) => count.ToString(CultureInfo.InvariantCulture);

    private static string Of(string type) => type switch
    {
        AlertTypes.ThresholdReached => "Threshold reached",
        AlertTypes.BudgetExceeded => "Budget exceeded",
        AlertTypes.ThrottlingActivated => "Throttling activated",
        AlertTypes.ForecastExceeded => "Budget will be exceeded",
        AlertTypes.CostSpike => "Cost spike",
        AlertTypes.ModelUnpriced => "Model without a price",
        AlertTypes.StoreUnavailable => "Store unavailable",
        AlertTypes.Recovered => "Recovered",
        AlertTypes.DailySummary => "Daily summary",
        AlertTypes.Digest => "Digest of alerts",
        AlertTypes.PartitionsOverflowed => "Too many partitions",
        AlertTypes.Test => "Test alert",
        _ => type.Replace('_', ' '),
    };
}
