namespace BudgetGuard;

/// <summary>The guard without HTTP, for jobs, queues and hubs.</summary>
/// <example>
/// <code>
/// await using BudgetLease lease = await guard.BeginAsync(new BudgetRequest { Subject = "alice", Model = "gpt-4o", Estimate = 0.05m });
/// if (!lease.IsAllowed) return;
/// lease.ReportUsage(await CallModelAsync());
/// </code>
/// </example>
public interface IBudgetGuard
{
    /// <summary>Decides on a request and, if allowed, holds its cost until the lease is disposed.</summary>
    /// <exception cref="ArgumentException">A name of the request is too long or cannot be shown, a required budget is not configured, or the model has no price and such models are rejected.</exception>
    /// <exception cref="BudgetGuardUnavailableException">The policy or the store failed and a budget of the request is closed on failure.</exception>
    /// <exception cref="BudgetHoldConflictException">The identity of the request was used with another payload, or what it named is over.</exception>
    ValueTask<BudgetLease> BeginAsync(BudgetRequest request, CancellationToken cancellationToken = default);

    /// <summary>Reads what the budgets that apply to a request have left, without holding anything.</summary>
    ValueTask<IReadOnlyList<BudgetBalance>> ReadAsync(BudgetRequest request, CancellationToken cancellationToken = default);
}

/// <summary>One budget's figures for a caller, in the budget's unit: US dollars, tokens, requests or requests in flight.</summary>
/// <param name="Budget">The budget's name.</param>
/// <param name="Unit">What it counts.</param>
/// <param name="Limit">The limit.</param>
/// <param name="Settled">What was used in the current window.</param>
/// <param name="Held">What is set aside for requests in flight.</param>
/// <param name="Debt">What the window before ended above its limit, where the budget carries debt.</param>
/// <param name="ResetsAt">When the window ends; null if never.</param>
public readonly record struct BudgetBalance(
    string Budget, BudgetUnit Unit, decimal Limit, decimal Settled, decimal Held, decimal Debt, DateTimeOffset? ResetsAt)
{
    /// <summary>What is left: limit − settled − held − debt.</summary>
    public decimal Available => Limit - Settled - Held - Debt;
}
