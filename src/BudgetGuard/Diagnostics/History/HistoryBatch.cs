namespace BudgetGuard.Diagnostics;

/// <summary>What a decision cost, as it is known now.</summary>
internal readonly record struct DecisionCost(long Ticket, Money Cost);

/// <summary>What is new of the history since the batch before it. Decisions are in the order they were taken; sums are what was added, and not what there is in all.</summary>
internal sealed class HistoryBatch
{
    /// <summary>Who writes: one process from its start to its end.</summary>
    public required Guid Writer { get; init; }

    /// <summary>Which batch of its writer it is, counted from 1.</summary>
    public required long Number { get; init; }

    public required DateTimeOffset At { get; init; }

    public List<DecisionEntry> Decided { get; } = [];

    /// <summary>What decisions of earlier batches cost.</summary>
    public List<DecisionCost> Settled { get; } = [];

    public required IReadOnlyList<HourSpend> Spend { get; init; }
}
