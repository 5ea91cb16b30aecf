using BudgetGuard.Diagnostics;

namespace BudgetGuard.Tests.Diagnostics;

/// <summary>A store of the history in memory, as naive as can be, that fails when it is told to: before it takes a batch, or after it took it.</summary>
internal sealed class HeldHistory : IGuardHistoryStore
{
    private readonly Lock _gate = new();
    private readonly HashSet<(Guid Writer, long Number)> _taken = [];
    private readonly List<(Guid Writer, DecisionEntry Entry)> _decisions = [];
    private readonly Dictionary<(DateTime Start, SpendKey Key), SpendSum> _sums = [];
    private TaskCompletionSource _called = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What becomes of the next write.</summary>
    public Func<Fate> Fate { get; set; } = static () => Diagnostics.Fate.Taken;

    /// <summary>While set, writes and reads end when it does.</summary>
    public volatile TaskCompletionSource? Stuck;

    public bool CannotRead { get; set; }

    /// <summary>Every batch that came, also again.</summary>
    public List<HistoryBatch> Calls { get; } = [];

    public async Task WriteAsync(HistoryBatch batch)
    {
        Fate fate = Fate();
        lock (_gate)
        {
            Calls.Add(batch);
            _called.TrySetResult();
            _called = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        await (Stuck?.Task ?? Task.CompletedTask);
        if (fate == Diagnostics.Fate.FailsBefore)
        {
            throw new IOException("The disk is full.");
        }

        lock (_gate)
        {
            if (_taken.Add((batch.Writer, batch.Number)))
            {
                Take(batch);
            }
        }

        if (fate == Diagnostics.Fate.FailsAfter)
        {
            throw new IOException("The answer of the disk was lost.");
        }
    }

    public async Task<List<DecisionEntry>> ReadDecisionsAsync(int most, CancellationToken cancellationToken)
    {
        await (Stuck?.Task ?? Task.CompletedTask);
        if (CannotRead)
        {
            throw new IOException("The disk is gone.");
        }

        lock (_gate)
        {
            return [.. _decisions.Select(static one => one.Entry).Reverse().Take(most)];
        }
    }

    public async Task ReadSpendAsync(DateTimeOffset from, DateTimeOffset to, Action<HourSpend> visit, CancellationToken cancellationToken)
    {
        await (Stuck?.Task ?? Task.CompletedTask);
        if (CannotRead)
        {
            throw new IOException("The disk is gone.");
        }

        lock (_gate)
        {
            foreach (((DateTime start, SpendKey key), SpendSum sum) in _sums)
            {
                if (start >= from.UtcDateTime && start < to.UtcDateTime)
                {
                    visit(new HourSpend(start, key, sum));
                }
            }
        }
    }

    /// <summary>Ends when so many batches came.</summary>
    public async Task CalledAsync(int times)
    {
        while (true)
        {
            Task next;
            lock (_gate)
            {
                if (Calls.Count >= times)
                {
                    return;
                }

                next = _called.Task;
            }

            await next.WaitAsync(TimeSpan.FromSeconds(20));
        }
    }

    private void Take(HistoryBatch batch)
    {
        foreach (DecisionEntry entry in batch.Decided)
        {
            _decisions.Add((batch.Writer, entry));
        }

        foreach (DecisionCost cost in batch.Settled)
        {
            int at = _decisions.FindIndex(one => one.Writer == batch.Writer && one.Entry.Ticket == cost.Ticket);
            DecisionEntry entry = _decisions[at].Entry;
            entry.Cost = cost.Cost;
            _decisions[at] = (batch.Writer, entry);
        }

        foreach (HourSpend one in batch.Spend)
        {
            SpendSum sum = _sums.GetValueOrDefault((one.Start, one.Key));
            sum.Add(one.Sum);
            _sums[(one.Start, one.Key)] = sum;
        }
    }
}

/// <summary>What becomes of a write.</summary>
internal enum Fate
{
    Taken,
    FailsBefore,
    FailsAfter,
}
