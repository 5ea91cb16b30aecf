namespace BudgetGuard.Accounting;

/// <summary>
/// When in the week a budget is spent: what each local hour of the week used, the last three times it came. An hour weighs as much as the least of those
/// weeks, so that a burst that came once is not expected again; and no more than an ordinary hour, so that neither is one that by chance came each time.
/// </summary>
internal sealed partial class SpendProfile(TimeZoneInfo zone)
{
    private const int HoursAWeek = 7 * 24;

    private readonly Week[] _hours = new Week[HoursAWeek];
    private long _hour = -1;
    private long _spent;
    private long _ordinary;
    private int _known;

    /// <summary>True once there are three weeks, and the last two are alike: together they have at least half of what either has.</summary>
    public bool IsReady { get; private set; }

    /// <summary>How far the zone's clocks are ahead at an instant.</summary>
    public long OffsetAt(long ticks) => zone.GetUtcOffset(new DateTime(Math.Clamp(ticks, 0, DateTime.MaxValue.Ticks), DateTimeKind.Utc)).Ticks;

    /// <summary>The local hour of an instant, counted from the first Monday there is.</summary>
    public static long HourOf(long ticks, long offset) => Math.Max(0, ticks + offset) / TimeSpan.TicksPerHour;

    /// <summary>Adds what was spent since the last time.</summary>
    public void Add(long amount) => _spent = Saturating.Add(_spent, Math.Max(0, amount));

    /// <summary>Moves on to an instant; true if another hour has begun.</summary>
    public bool Advance(long now)
    {
        long hour = HourOf(now, OffsetAt(now));
        if (_hour < 0)
        {
            _hour = hour;
            return true;
        }

        if (hour <= _hour)
        {
            return false;
        }

        // Hours in which nobody looked count as empty; after four weeks of them there is nothing left to know.
        long skipped = Math.Min(hour - _hour, 4 * HoursAWeek);
        for (long one = hour - skipped; one < hour; one++)
        {
            ref Week week = ref _hours[one % HoursAWeek];
            week = new Week(one == hour - skipped ? _spent : 0, week.Last, week.Before);
            _spent = 0;
        }

        _hour = hour;
        _known = (int)Math.Min(_known + skipped, 4 * HoursAWeek);
        IsReady = _known > 3 * HoursAWeek && IsAlike();
        _ordinary = IsReady ? Ordinary() : 0;
        return true;
    }

    /// <summary>How much a local hour weighs: one of the last seven days by the two weeks before it, any other by all three.</summary>
    public long WeightOf(long hour)
    {
        ref readonly Week week = ref _hours[hour % HoursAWeek];
        long least = Math.Min(_ordinary, Math.Min(week.Before, week.Earlier));
        return hour < _hour && hour >= _hour - HoursAWeek ? least : Math.Min(least, week.Last);
    }

    // The median of the hours in which anything is spent.
    private long Ordinary()
    {
        Span<long> hours = stackalloc long[HoursAWeek];
        int count = 0;
        foreach (ref readonly Week week in _hours.AsSpan())
        {
            long least = Math.Min(week.Last, week.Before);
            if (least > 0)
            {
                hours[count++] = least;
            }
        }

        hours[..count].Sort();
        return hours[count / 2];
    }

    private bool IsAlike()
    {
        Int128 common = 0;
        Int128 all = 0;
        foreach (ref readonly Week week in _hours.AsSpan())
        {
            common += Math.Min(week.Last, week.Before);
            all += Math.Max(week.Last, week.Before);
        }

        return common > 0 && common * 2 >= all;
    }

    private readonly record struct Week(long Last, long Before, long Earlier);
}
