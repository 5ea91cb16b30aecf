using System.Collections.Immutable;

namespace BudgetGuard;

/// <summary>What a tracker has to know of a budget: how it counts, when it starts anew and what an exceeded limit means.</summary>
public sealed record BudgetTerms
{
    /// <summary>The budget's name.</summary>
    public required string Name { get; init; }

    /// <summary>What the budget counts.</summary>
    public required BudgetUnit Unit { get; init; }

    /// <summary>When its accounts start anew.</summary>
    public required WindowSpec Window { get; init; }

    /// <summary>What splits it, in order: <c>User</c>, <c>Team</c>, … or the names of tags. A budget that is split another way has new accounts. Default: nothing.</summary>
    public ImmutableArray<string> Per { get; init; } = [];

    /// <summary>What an exceeded limit means.</summary>
    public BudgetAction OnExceeded { get; init; } = BudgetAction.Reject;

    /// <summary>False for a shadow or alert-only budget: a refusal is reported, the hold is taken all the same.</summary>
    public bool Enforced { get; init; } = true;

    /// <summary>True if what a window ended above its limit opens the next one.</summary>
    public bool CarryDebt { get; init; }

    /// <summary>The shares of the limit (0.5 = half) at which people are told, ascending.</summary>
    public ImmutableArray<decimal> AlertAt { get; init; } = [];

    /// <summary>The share of the limit whose use in the window people are told of when it is forecast; 0 for never.</summary>
    public decimal ForecastAt { get; init; } = 1.0m;

    /// <summary>How many times as much as is usual a request or a minute has to use for people to be told; 0 for never.</summary>
    public decimal SpikeFactor { get; init; } = 10m;

    /// <summary>How many partitions are told apart; past it new ones share one overflow account.</summary>
    public int MaxTrackedPartitions { get; init; } = 100_000;
}
