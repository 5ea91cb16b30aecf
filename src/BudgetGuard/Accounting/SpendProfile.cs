namespace BudgetGuard.Accounting;

/// <summary>
/// When in the week a budget is spent: what each local hour of the week used, the last three times it came. An hour weighs as much as the smaller of two
/// weeks, so that a burst that came once is not expected again.
/// </summary>
internal sealed class SpendProfile(TimeZoneInfo zone)
{
    private const int HoursAWeek = 7 * 24;

    private readonly Week[] _hours = new Week[HoursAWeek];
    private long _hour = -1;
    private long _spent;
    private int _known;

    /// <summary>True once there are two weeks, and the two are alike: together they have at least half of what either has.</summary>
    public bool IsReady { get; private set; }

    /// <summary>The local hour of an instant, counted from the first Monday there is.</summary>
    public long HourOf(long ticks)
    {
        var at = new DateTime(Math.Clamp(ticks, 0, DateTime.MaxValue.Ticks), DateTimeKind.Utc);
        return Math.Max(0, at.Ticks + zone.GetUtcOffset(at).Ticks) / TimeSpan.TicksPerHour;
    }

    /// <summary>Adds what was spent since the last time.</summary>
    public void Add(long amount) => _spent = Saturating.Add(_spent, Math.Max(0, amount));

    /// <summary>Moves on to an instant; true if another hour has begun.</summary>
    public bool Advance(long now)
    {
        long hour = HourOf(now);
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
        IsReady = _known > 2 * HoursAWeek && IsAlike();
        return true;
    }

    /// <summary>How much a local hour weighs: one to come by the last two weeks, one of the last seven days by the two before it.</summary>
    public long WeightOf(long hour)
    {
        ref readonly Week week = ref _hours[hour % HoursAWeek];
        return hour < _hour && hour >= _hour - HoursAWeek && _known > 3 * HoursAWeek ? Math.Min(week.Before, week.Earlier) : Math.Min(week.Last, week.Before);
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
