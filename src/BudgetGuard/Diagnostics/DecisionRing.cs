namespace BudgetGuard.Diagnostics;

/// <summary>A decision as it is remembered.</summary>
internal struct DecisionEntry
{
    /// <summary>Which decision it is, counted from 1; 0 where there is none.</summary>
    public long Ticket;
    public DateTimeOffset At;
    public string? User;
    public string Operation;
    public string? Model;
    public DecisionKind Kind;
    public string? Budget;
    public Money Estimated;

    /// <summary>What it cost; null until it is settled, and for what was denied.</summary>
    public Money? Cost;

    /// <summary>Why it was denied, or what is odd about its allow; null where there is nothing to say.</summary>
    public string? Reason;
}

/// <summary>What is known elsewhere of the decision at a place of the ring.</summary>
internal readonly record struct DecisionMark(long Ticket, Money? Cost);

/// <summary>The last decisions, in a ring that is made once. A place is written under one of a few locks, so that requests hardly ever meet.</summary>
internal sealed class DecisionRing
{
    public const int Capacity = 1_024;

    private const int Stripes = 16;

    private readonly DecisionEntry[] _entries = new DecisionEntry[Capacity];
    private readonly Lock[] _gates = new Lock[Stripes];
    private long _latest;

    public DecisionRing()
    {
        for (int i = 0; i < Stripes; i++)
        {
            _gates[i] = new Lock();
        }
    }

    /// <summary>Remembers a decision; tells its ticket.</summary>
    public long Add(DecisionEntry entry)
    {
        entry.Ticket = Interlocked.Increment(ref _latest);
        int place = PlaceOf(entry.Ticket);
        lock (_gates[place % Stripes])
        {
            // Whoever was held up for a whole round comes too late.
            if (_entries[place].Ticket < entry.Ticket)
            {
                _entries[place] = entry;
            }
        }

        return entry.Ticket;
    }

    /// <summary>Notes what a decision cost, if it is still remembered.</summary>
    public void Settle(long ticket, Money cost)
    {
        int place = PlaceOf(ticket);
        lock (_gates[place % Stripes])
        {
            ref DecisionEntry entry = ref _entries[place];
            if (entry.Ticket == ticket)
            {
                entry.Cost = cost;
            }
        }
    }

    /// <summary>The last decisions, the newest first.</summary>
    public List<DecisionEntry> Read(int most)
    {
        List<DecisionEntry> found = [];
        long latest = Interlocked.Read(ref _latest);
        for (long ticket = latest; ticket > 0 && ticket > latest - Capacity && found.Count < most; ticket--)
        {
            int place = PlaceOf(ticket);
            lock (_gates[place % Stripes])
            {
                if (_entries[place].Ticket == ticket)
                {
                    found.Add(_entries[place]);
                }
            }
        }

        return found;
    }

    /// <summary>Adds to a batch what is not marked yet, in the order it was decided, and marks it.</summary>
    /// <param name="marks">One for each place; the caller's, from one call to the next.</param>
    /// <param name="batch">Where it goes.</param>
    public void Collect(DecisionMark[] marks, HistoryBatch batch)
    {
        long latest = Interlocked.Read(ref _latest);
        for (long ticket = Math.Max(1, latest - Capacity + 1); ticket <= latest; ticket++)
        {
            int place = PlaceOf(ticket);
            lock (_gates[place % Stripes])
            {
                ref DecisionEntry entry = ref _entries[place];
                ref DecisionMark mark = ref marks[place];
                if (entry.Ticket != ticket || mark == new DecisionMark(ticket, entry.Cost))
                {
                    continue;
                }

                if (mark.Ticket == ticket)
                {
                    batch.Settled.Add(new DecisionCost(ticket, entry.Cost.GetValueOrDefault()));
                }
                else
                {
                    batch.Decided.Add(entry);
                }

                mark = new DecisionMark(ticket, entry.Cost);
            }
        }
    }

    private static int PlaceOf(long ticket) => (int)(ticket & (Capacity - 1));
}
