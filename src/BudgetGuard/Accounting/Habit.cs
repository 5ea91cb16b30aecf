namespace BudgetGuard.Accounting;

/// <summary>
/// What is usual: a running median and what nineteen of twenty amounts stay under, in a few words. Both take a fixed part of themselves up or down towards
/// each amount, so that one amount, however large, moves them no further than any other.
/// </summary>
internal sealed partial class Habit
{
    /// <summary>How many amounts are seen before anything is called unusual.</summary>
    public const int Enough = 30;

    private const int Divisor = 16;

    // An eighth up for the one of twenty that is above it, and as much down for the nineteen together that are not.
    private const int HighUp = 8;
    private const int HighDown = 8 * 19;

    private long _high;
    private long _tellAgainAt;

    /// <summary>How many amounts were seen; stops counting when it is far more than enough.</summary>
    public int Seen { get; private set; }

    public long Median { get; private set; }

    /// <summary>True if an amount is above a multiple of the median, and above twice what nineteen of twenty stay under.</summary>
    public bool IsUnusual(long amount, decimal factor) => Seen >= Enough && amount / 2 > _high && amount > factor * Median;

    public void Observe(long amount)
    {
        if (Seen == 0)
        {
            (Median, _high) = (amount, amount);
        }

        _high = amount <= _high ? Math.Max(amount, _high - Math.Max(_high / HighDown, Seen < Enough ? 0 : 1)) : Math.Min(amount, Higher());
        long step = Math.Max(1, Median / Divisor);
        Median = amount > Median ? Math.Min(amount, Saturating.Add(Median, step)) : Math.Max(amount, Median - step);
        Seen = Math.Min(Seen + 1, 1_000_000);
    }

    // While it learns the first large amount has to count, or it would be told as soon as it comes again.
    private long Higher() => Seen < Enough
        ? (long)Int128.Min((Int128)Math.Max(1, _high) * HighUp, long.MaxValue)
        : Saturating.Add(_high, Math.Max(1, _high / HighUp));

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
