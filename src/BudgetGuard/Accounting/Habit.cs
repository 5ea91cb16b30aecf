namespace BudgetGuard.Accounting;

/// <summary>
/// What is usual: a running median and the mean distance from it, in a few words. The median takes a sixteenth of itself up or down towards each
/// amount, so that one amount, however large, moves it no further than any other.
/// </summary>
internal sealed class Habit
{
    /// <summary>How many amounts are seen before anything is called unusual.</summary>
    public const int Enough = 30;

    private const int Divisor = 16;
    private const int Distances = 10;

    private long _distance;
    private long _tellAgainAt;

    /// <summary>How many amounts were seen; stops counting when it is far more than enough.</summary>
    public int Seen { get; private set; }

    public long Median { get; private set; }

    /// <summary>True if an amount is above a multiple of the median, and further from it than the usual distance explains.</summary>
    public bool IsUnusual(long amount, decimal factor) =>
        Seen >= Enough && amount - Median > Math.Min(_distance, long.MaxValue / Distances) * Distances && amount > factor * Median;

    public void Observe(long amount)
    {
        if (Seen == 0)
        {
            Median = amount;
        }

        long distance = Math.Abs(amount - Median);
        _distance += (distance - _distance) / Divisor;
        long step = Math.Max(1, Median / Divisor);
        Median = amount > Median ? Math.Min(amount, Saturating.Add(Median, step)) : Math.Max(amount, Median - step);
        Seen = Math.Min(Seen + 1, 1_000_000);
    }

    /// <summary>True if nothing unusual was told for an hour; it is from now on.</summary>
    public bool TryTell(long now)
    {
        if (now < _tellAgainAt)
        {
            return false;
        }

        _tellAgainAt = now + TimeSpan.TicksPerHour;
        return true;
    }

    /// <summary>Lets the next unusual amount be told at once.</summary>
    public void TellAgain() => _tellAgainAt = 0;
}
