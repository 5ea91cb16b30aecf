namespace BudgetGuard.Accounting;

/// <summary>One window of a calendar period: its number, which only grows, and the UTC ticks at which it begins and the next one begins.</summary>
internal readonly record struct CalendarWindow(long Index, long Start, long End);

/// <summary>
/// The windows of a calendar period in a time zone. They tile time: each ends where the next begins, whatever the zone's clocks do. A window begins at
/// the earliest instant whose local date has begun, found from UTC to local only: that conversion is defined for every instant, while a local
/// midnight may not exist, exist twice, or belong to a date that comes back. A date the zone skips has no window.
/// Minutes follow UTC, which every zone's minutes do. Hours follow the zone's standard offset, so that they begin at a full local hour in zones of a
/// half or quarter hour too; where summer time itself shifts by half an hour, its hours begin at half past.
/// </summary>
internal sealed class CalendarWindows(BudgetPeriod period, TimeZoneInfo zone)
{
    /// <summary>An end or a start that never comes.</summary>
    public const long Never = long.MaxValue;

    // Offsets are at most 14 hours; and no zone changes its clocks twice within 6 hours.
    private const long Reach = 18 * TimeSpan.TicksPerHour;
    private const long Step = 6 * TimeSpan.TicksPerHour;

    private static readonly long _maxTicks = DateTime.MaxValue.Ticks;

    private readonly long _hourPhase =
        ((zone.BaseUtcOffset.Ticks % TimeSpan.TicksPerHour) + TimeSpan.TicksPerHour) % TimeSpan.TicksPerHour;

    /// <summary>The window that contains an instant.</summary>
    public CalendarWindow At(long ticks)
    {
        switch (period)
        {
            case BudgetPeriod.Total:
                return new CalendarWindow(0, 0, Never);
            case BudgetPeriod.Minute:
                return Fixed(ticks, TimeSpan.TicksPerMinute, 0);
            case BudgetPeriod.Hour:
                return Fixed(ticks, TimeSpan.TicksPerHour, _hourPhase);
        }

        long index = IndexOf(new DateTime(Math.Clamp(ticks + OffsetAt(ticks), 0, _maxTicks)));
        long end = StartOf(index + 1);

        // A date that comes back has no second window, and one that never was has none at all.
        while (end <= ticks)
        {
            index++;
            end = StartOf(index + 1);
        }

        return new CalendarWindow(index, StartOf(index), end);
    }

    /// <summary>When the window of a number begins; <see cref="Never"/> beyond the calendar.</summary>
    public long StartOf(long index) => period switch
    {
        BudgetPeriod.Total => index <= 0 ? 0 : Never,
        BudgetPeriod.Minute => StartOfFixed(index, TimeSpan.TicksPerMinute, 0),
        BudgetPeriod.Hour => StartOfFixed(index, TimeSpan.TicksPerHour, _hourPhase),
        _ => index <= 0 ? 0 : FirstDayOf(index) is { } day ? EarliestAt(day) : Never,
    };

    private static CalendarWindow Fixed(long ticks, long length, long phase)
    {
        long index = (ticks + phase) / length;
        return new CalendarWindow(index, StartOfFixed(index, length, phase), StartOfFixed(index + 1, length, phase));
    }

    private static long StartOfFixed(long index, long length, long phase) =>
        index > (_maxTicks + phase) / length ? Never : Math.Max(0, (index * length) - phase);

    private long IndexOf(DateTime local) => period switch
    {
        BudgetPeriod.Day => local.Ticks / TimeSpan.TicksPerDay,

        // The calendar's first day is a Monday.
        BudgetPeriod.Week => local.Ticks / (7 * TimeSpan.TicksPerDay),
        BudgetPeriod.Month => ((local.Year - 1) * 12L) + local.Month - 1,
        BudgetPeriod.Quarter => ((local.Year - 1) * 4L) + ((local.Month - 1) / 3),
        _ => local.Year - 1,
    };

    /// <summary>The local ticks at which the first day of a window begins by the calendar; null beyond it.</summary>
    private long? FirstDayOf(long index) => period switch
    {
        BudgetPeriod.Day => DayWithin(index),
        BudgetPeriod.Week => DayWithin(index * 7),
        BudgetPeriod.Month => MonthWithin(index),
        BudgetPeriod.Quarter => MonthWithin(index * 3),
        _ => MonthWithin(index * 12),
    };

    private static long? DayWithin(long day) => day > _maxTicks / TimeSpan.TicksPerDay ? null : day * TimeSpan.TicksPerDay;

    private static long? MonthWithin(long month) =>
        month >= 9999 * 12 ? null : new DateTime((int)(month / 12) + 1, (int)(month % 12) + 1, 1).Ticks;

    /// <summary>The earliest UTC instant at which local clocks show the given time or a later one.</summary>
    private long EarliestAt(long local)
    {
        long from = Math.Max(0, local - Reach);
        long to = Math.Min(_maxTicks, local + Reach);
        long offset = OffsetAt(from);
        while (from < to)
        {
            long until = Math.Min(from + Step, to);
            if (OffsetAt(until) != offset)
            {
                until = FirstOtherOffset(from, until, offset);
            }

            long reached = Math.Max(from, local - offset);
            if (reached < until)
            {
                return reached;
            }

            from = until;
            offset = OffsetAt(from);
        }

        return to;
    }

    /// <summary>The first instant after <paramref name="before"/> at which the offset is no longer the given one.</summary>
    private long FirstOtherOffset(long before, long after, long offset)
    {
        while (after - before > 1)
        {
            long middle = before + ((after - before) / 2);
            if (OffsetAt(middle) == offset)
            {
                before = middle;
            }
            else
            {
                after = middle;
            }
        }

        return after;
    }

    private long OffsetAt(long ticks) => zone.GetUtcOffset(new DateTime(Math.Clamp(ticks, 0, _maxTicks), DateTimeKind.Utc)).Ticks;
}
