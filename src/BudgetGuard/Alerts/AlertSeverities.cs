namespace BudgetGuard.Alerts;

/// <summary>How urgent each type is, where nothing makes it less so.</summary>
internal static class AlertSeverities
{
    private const decimal WorthALook = 0.8m;

    public static AlertSeverity Of(string type, decimal? threshold) => type switch
    {
        AlertTypes.BudgetExceeded or AlertTypes.StoreUnavailable => AlertSeverity.Critical,
        AlertTypes.ThresholdReached => OfThreshold(threshold.GetValueOrDefault()),
        AlertTypes.Recovered or AlertTypes.DailySummary or AlertTypes.Digest or AlertTypes.Test => AlertSeverity.Information,
        _ => AlertSeverity.Warning,
    };

    /// <summary>Below four fifths of the limit it is good to know, from there on somebody should look, and at the limit requests are about to be denied.</summary>
    private static AlertSeverity OfThreshold(decimal threshold) =>
        threshold >= 1 ? AlertSeverity.Critical : threshold >= WorthALook ? AlertSeverity.Warning : AlertSeverity.Information;
}
