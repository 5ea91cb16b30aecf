namespace BudgetGuard.Accounting;

/// <summary>What administrators added to the limit of an account, each for a time.</summary>
internal sealed partial class TopUps
{
    /// <summary>How many can be in force at a time; those that end together are one.</summary>
    public const int Most = 16;

    private readonly List<(long Amount, long End)> _all = [];

    /// <summary>How much is in force.</summary>
    public long Sum { get; private set; }

    /// <summary>When the next of them ends.</summary>
    public long NextEnd { get; private set; } = long.MaxValue;

    /// <summary>Adds one; false if there are too many.</summary>
    public bool TryAdd(long amount, long end)
    {
        int same = _all.FindIndex(one => one.End == end);
        if (same < 0 && _all.Count == Most)
        {
            return false;
        }

        if (same < 0)
        {
            _all.Add((amount, end));
        }
        else
        {
            _all[same] = (Saturating.Add(_all[same].Amount, amount), end);
        }

        Count();
        return true;
    }

    /// <summary>Takes away those that are over at an instant; true if there were any.</summary>
    public bool TryEnd(long now)
    {
        if (now < NextEnd || _all.RemoveAll(one => one.End <= now) == 0)
        {
            return false;
        }

        Count();
        return true;
    }

    /// <summary>How much of what is in force still is at a later instant.</summary>
    public long SumAt(long instant)
    {
        long sum = 0;
        foreach ((long amount, long end) in _all)
        {
            sum = end > instant ? Saturating.Add(sum, amount) : sum;
        }

        return sum;
    }

    private void Count()
    {
        Sum = SumAt(long.MinValue);
        NextEnd = long.MaxValue;
        foreach ((_, long end) in _all)
        {
            NextEnd = Math.Min(NextEnd, end);
        }
    }
}
