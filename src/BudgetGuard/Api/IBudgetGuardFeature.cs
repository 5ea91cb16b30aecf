namespace BudgetGuard;

/// <summary>The guard's view of the current request; <c>HttpContext.GetBudgetGuard()</c>. Valid until the request ends.</summary>
public interface IBudgetGuardFeature
{
    /// <summary>Who pays, for what, of which model, and what was estimated.</summary>
    BudgetRequest Request { get; }

    /// <summary>What was decided; always an allow inside the app.</summary>
    BudgetDecision Decision { get; }

    /// <summary>What the tightest budget in US dollars had left after this request's hold; null where none applies.</summary>
    Money? Remaining { get; }

    /// <summary>Reports what the request really used, priced by the catalogue. Reports add up until the request ends and beat what the guard reads from the response.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A count is negative.</exception>
    /// <exception cref="InvalidOperationException">The request has ended.</exception>
    void ReportUsage(TokenUsage usage);

    /// <summary>Reports what the request really cost, in US dollars; 0 is a fact too. Reports add up until the request ends and beat what the guard reads from the response.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The cost is negative, or above nine billion dollars.</exception>
    /// <exception cref="InvalidOperationException">The request has ended.</exception>
    void ReportCost(decimal usd);

    /// <summary>
    /// Tells that the work was broken off when it may already have cost something, whatever status is answered: a stream is charged what came of it, every
    /// other request its estimate, unless a report or the answer says more. For proxies whose upstream broke off.
    /// </summary>
    /// <exception cref="InvalidOperationException">The request has ended.</exception>
    void ReportCutShort();
}
