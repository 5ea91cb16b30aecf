namespace BudgetGuard.Metering;

/// <summary>How a request ended, as far as it matters for what is charged when neither the app nor the answer tells.</summary>
internal enum RequestOutcome
{
    /// <summary>It did its work: its estimate is charged.</summary>
    EstimateUsed,

    /// <summary>It was cut short while it did its work: a stream is charged what came until then, everything else its estimate.</summary>
    CutShort,

    /// <summary>It failed before it cost anything: money and tokens go back, the request itself counts.</summary>
    NothingUsed,
}
