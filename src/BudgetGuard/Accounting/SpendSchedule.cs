namespace BudgetGuard.Accounting;

/// <summary>
/// How a budget's window is expected to be spent: which share of its spending each of its slices has, and how much of it is still to come. By the profile of
/// past weeks where there is one; else evenly.
/// </summary>
internal sealed partial class SpendSchedule(TimeZoneInfo zone)
{
    /// <summary>Into how many slices a window is cut.</summary>
    public const int Slices = 24;

    /// <summary>The weight of a whole window.</summary>
    public const long Whole = 1_000_000;

    private const long ShortestLearned = 20 * TimeSpan.TicksPerHour;
    private const long ShortestLong = 30 * TimeSpan.TicksPerHour;
    private const long Week = 7 * TimeSpan.TicksPerDay;

    // No zone changes its clocks twice within so long.
    private const long SameOffset = 6 * TimeSpan.TicksPerHour;

    private readonly SpendProfile _profile = new(zone);
    private readonly long[] _weights = new long[Slices];
    private CalendarWindow _window;
    private long _now;
    private long _hourEnd;
    private long _hourWeight;
    private long _laterWeight;

    /// <summary>True if the weights are those of past weeks.</summary>
    public bool IsLearned { get; private set; }

    /// <summary>The slice that is being filled.</summary>
    public int Slice { get; private set; }

    /// <summary>The weight of what is still to come.</summary>
    public long Remaining { get; private set; }

    /// <summary>The least weight of a slice that says anything about the rate.</summary>
    public long LeastWeight { get; private set; }

    /// <summary>True where an even rate can be believed: half of the window is over, and of a window longer than a day a whole week.</summary>
    public bool HasSeenEnough =>
        Remaining <= Whole / 2 && (_window.End - _window.Start <= ShortestLong || _now - _window.Start >= Week);

    public ReadOnlySpan<long> Weights => _weights;

    /// <summary>Adds what was spent since the last look.</summary>
    public void Spent(long amount) => _profile.Add(amount);

    /// <summary>Looks at a window from an instant in it; true if another hour has begun.</summary>
    public bool LookAt(in CalendarWindow window, long now)
    {
        bool isNewHour = _profile.Advance(now);
        _now = now;
        Slice = (int)Int128.Min(Slices - 1, (Int128)(now - window.Start) * Slices / (window.End - window.Start));
        if (isNewHour || window != _window)
        {
            _window = window;
            IsLearned = window.End - window.Start >= ShortestLearned && _profile.IsReady && TryLearn();
            if (!IsLearned)
            {
                Array.Fill(_weights, Whole / Slices);
                LeastWeight = 1;
            }
        }

        Remaining = IsLearned
            ? _laterWeight + (_hourWeight * Math.Max(0, _hourEnd - now) / TimeSpan.TicksPerHour)
            : (long)((Int128)(window.End - now) * Whole / (window.End - window.Start));
        return isNewHour;
    }

    /// <summary>When so much weight will have passed from now on; null if not in this window.</summary>
    public DateTimeOffset? WhenPassed(long weight)
    {
        long length = _window.End - _window.Start;
        long left = Remaining;
        for (int i = Slices - 1; i > Slice; i--)
        {
            left -= _weights[i];
        }

        long from = _now;
        for (int i = Slice; i < Slices; i++)
        {
            long to = i == Slices - 1 ? _window.End : _window.Start + (long)((Int128)length * (i + 1) / Slices);
            long part = i == Slice ? Math.Max(0, left) : _weights[i];
            if (weight <= part)
            {
                return AccountFigures.InstantOf(part == 0 ? from : from + (long)((Int128)(to - from) * weight / part));
            }

            weight -= part;
            from = to;
        }

        return null;
    }

    private bool TryLearn()
    {
        Span<Int128> sums = stackalloc Int128[Slices];
        Int128 later = 0;
        Int128 total = 0;
        long length = _window.End - _window.Start;
        _hourEnd = 0;
        Int128 current = 0;
        long offset = 0;
        long sameUntil = 0;
        for (long from = _window.Start; from < _window.End; from += TimeSpan.TicksPerHour)
        {
            if (from >= sameUntil)
            {
                offset = _profile.OffsetAt(from);
                sameUntil = from + (_profile.OffsetAt(from + SameOffset) == offset ? SameOffset : 1);
            }

            long to = Math.Min(from + TimeSpan.TicksPerHour, _window.End);
            long weight = _profile.WeightOf(SpendProfile.HourOf(from, offset));
            sums[(int)((((from + to) / 2) - _window.Start) * Slices / length)] += weight;
            total += weight;
            later += from > _now ? weight : 0;
            if (from <= _now && _now < to)
            {
                (current, _hourEnd) = (weight, to);
            }
        }

        if (total == 0)
        {
            return false;
        }

        int used = 0;
        for (int i = 0; i < Slices; i++)
        {
            _weights[i] = (long)(sums[i] * Whole / total);
            used += _weights[i] > 0 ? 1 : 0;
        }

        LeastWeight = Math.Max(1, Whole / Math.Max(1, used) / 4);
        _hourWeight = (long)(current * Whole / total);
        _laterWeight = (long)(later * Whole / total);
        return true;
    }
}
