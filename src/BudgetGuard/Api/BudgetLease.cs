namespace BudgetGuard;

/// <summary>
/// An open request of <see cref="IBudgetGuard"/>. Disposing it settles: at what was reported, else at the estimate. Reports are safe from any thread.
/// </summary>
public sealed class BudgetLease : IAsyncDisposable
{
    private readonly Api.GuardedRequest? _guarded;

    internal BudgetLease(Api.GuardedRequest guarded)
    {
        _guarded = guarded;
        Decision = guarded.Decision;
    }

    internal BudgetLease(BudgetDecision denied) => Decision = denied;

    /// <summary>True if the work may be done.</summary>
    public bool IsAllowed => Decision.IsAllowed;

    /// <summary>What was decided, and for a denial why and when to come back.</summary>
    public BudgetDecision Decision { get; }

    /// <summary>Reports what the work really used, priced by the catalogue. Reports add up.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A count is negative.</exception>
    /// <exception cref="InvalidOperationException">The lease was denied, or it is over.</exception>
    public void ReportUsage(TokenUsage usage) => Allowed.ReportUsage(usage);

    /// <summary>Reports what the work really cost, in US dollars; 0 is a fact too. Reports add up.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The cost is negative, or above nine billion dollars.</exception>
    /// <exception cref="InvalidOperationException">The lease was denied, or it is over.</exception>
    public void ReportCost(decimal usd) => Allowed.ReportCost(usd);

    /// <summary>Gives everything back: the work was not begun. Afterwards disposing does nothing.</summary>
    public ValueTask ReleaseAsync() => _guarded?.ReleaseAsync() ?? ValueTask.CompletedTask;

    /// <summary>Settles at what was reported, else at the estimate.</summary>
    public ValueTask DisposeAsync() => _guarded?.EndAsync(Metering.RequestOutcome.EstimateUsed) ?? ValueTask.CompletedTask;

    private Api.GuardedRequest Allowed => _guarded ?? throw new InvalidOperationException("The request was denied: there is nothing to report.");
}
