using BudgetGuard.Accounting;

namespace BudgetGuard.Tests.Accounting;

/// <summary>Calendar windows against an oracle that walks local dates, in every zone, from 2000 to 2040.</summary>
public sealed class CalendarWindowsTests
{
    private static readonly DateTime _from = new(1999, 12, 20, 0, 0, 0, DateTimeKind.Utc);
    private static readonly DateTime _to = new(2041, 1, 10, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void T128_EveryZone_EveryDayOf40Years_WindowsTileTimeAndAgreeWithTheLocalDates()
    {
        List<TimeZoneInfo> zones = DistinctZones();
        Assert.True(zones.Count > 100, "The machine has no time zone data.");
        Parallel.ForEach(zones, new ParallelOptions { MaxDegreeOfParallelism = 2 }, CheckZone);
    }

    [Theory]
    [InlineData("America/New_York", "2026-03-08T05:00:00Z", 23)]
    [InlineData("America/New_York", "2026-11-01T04:00:00Z", 25)]
    [InlineData("Australia/Lord_Howe", "2026-04-04T13:00:00Z", 24.5)]
    [InlineData("Europe/Berlin", "2026-03-28T23:00:00Z", 23)]
    public void T128_DayOfAClockChange_HasItsRealLength(string zone, string start, decimal hours)
    {
        CalendarWindow day = Days(zone).At(Ticks(start));
        Assert.Equal(Ticks(start), day.Start);
        Assert.Equal(hours * TimeSpan.TicksPerHour, day.End - day.Start);
    }

    [Theory]
    [InlineData("America/Santiago", "2026-09-06T04:00:00Z")]
    [InlineData("Africa/Cairo", "2026-04-23T22:00:00Z")]
    [InlineData("Asia/Beirut", "2026-03-28T22:00:00Z")]
    [InlineData("America/Havana", "2026-03-08T05:00:00Z")]
    [InlineData("America/Havana", "2026-11-01T04:00:00Z")]
    public void T129_DayWithoutOrWithTwoMidnights_BeginsAtItsFirstInstant(string zone, string start)
    {
        CalendarWindows days = Days(zone);
        CalendarWindow day = days.At(Ticks(start));
        Assert.Equal(Ticks(start), day.Start);
        Assert.Equal(day.Start, days.At(Ticks(start) - 1).End);
        Assert.Equal(day.Index - 1, days.At(Ticks(start) - 1).Index);
    }

    [Fact]
    public void T129_DateThatComesBack_HasOneWindow()
    {
        // At 00:01 on 7 November 2010 clocks in St John's went back to 23:01 on the 6th.
        CalendarWindows days = Days("America/St_Johns");
        long midnight = Ticks("2010-11-07T02:30:00Z");
        CalendarWindow seventh = days.At(midnight);
        Assert.Equal(midnight, seventh.Start);
        Assert.Equal(seventh, days.At(midnight + (10 * TimeSpan.TicksPerMinute)));
        Assert.Equal(seventh, days.At(midnight + (23 * TimeSpan.TicksPerHour)));
        Assert.Equal(seventh.Start, days.At(midnight - 1).End);
    }

    [Fact]
    public void T129_DateThatNeverWas_HasNoWindow()
    {
        // Samoa went from 29 to 31 December 2011.
        CalendarWindows days = Days("Pacific/Apia");
        CalendarWindow before = days.At(Ticks("2011-12-30T09:00:00Z"));
        CalendarWindow after = days.At(before.End);
        Assert.Equal(before.Index + 2, after.Index);
        Assert.Equal(before.End, after.Start);
    }

    [Fact]
    public void T130_Months_BeginOnTheFirst_OverLeapYearsToo()
    {
        CalendarWindows months = new(BudgetPeriod.Month, TimeZoneInfo.Utc);
        CalendarWindow month = months.At(Ticks("2024-01-31T00:00:00Z"));
        for (int i = 0; i < 48; i++)
        {
            DateTime expected = new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddMonths(i);
            Assert.Equal(expected.Ticks, month.Start);
            month = months.At(month.End);
        }
    }

    [Fact]
    public void T131_DayInTokyo_BeginsAt15Utc()
    {
        CalendarWindow day = Days("Asia/Tokyo").At(Ticks("2026-05-05T03:00:00Z"));
        Assert.Equal(Ticks("2026-05-04T15:00:00Z"), day.Start);
        Assert.Equal(Ticks("2026-05-05T15:00:00Z"), day.End);
    }

    [Fact]
    public void T137_EndsOfTime_DoNotThrow()
    {
        foreach (TimeZoneInfo zone in DistinctZones())
        {
            foreach (BudgetPeriod period in Enum.GetValues<BudgetPeriod>())
            {
                CalendarWindows windows = new(period, zone);
                foreach (long ticks in new[] { 0, 1, DateTime.UnixEpoch.Ticks, DateTime.MaxValue.Ticks - 1, DateTime.MaxValue.Ticks })
                {
                    CalendarWindow window = windows.At(ticks);
                    Assert.True(window.Start <= ticks && ticks < window.End, $"{zone.Id} {period} {ticks} {window}");
                }
            }
        }
    }

    [Theory]
    [InlineData("UTC", "2026-05-05T10:00:00Z")]
    [InlineData("Asia/Kolkata", "2026-05-05T09:30:00Z")]
    [InlineData("Asia/Kathmandu", "2026-05-05T10:15:00Z")]
    public void Hours_BeginAtTheFullLocalHour(string zone, string start)
    {
        CalendarWindows hours = new(BudgetPeriod.Hour, TimeZoneInfo.FindSystemTimeZoneById(zone));
        CalendarWindow hour = hours.At(Ticks("2026-05-05T10:25:00Z"));
        Assert.Equal(Ticks(start), hour.Start);
        Assert.Equal(TimeSpan.TicksPerHour, hour.End - hour.Start);
    }

    [Fact]
    public void T128_HoursAndMinutes_TileTimeOverEveryClockChange()
    {
        foreach (string id in new[] { "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "America/St_Johns" })
        {
            foreach (BudgetPeriod period in new[] { BudgetPeriod.Hour, BudgetPeriod.Minute })
            {
                CalendarWindows windows = new(period, TimeZoneInfo.FindSystemTimeZoneById(id));
                CalendarWindow window = windows.At(Ticks("2026-03-01T00:00:00Z"));
                for (int i = 0; i < 20_000; i++)
                {
                    CalendarWindow next = windows.At(window.End);
                    Assert.Equal(window.End, next.Start);
                    Assert.Equal(window.Index + 1, next.Index);
                    Assert.Equal(window, windows.At(window.End - 1));
                    window = next;
                }
            }
        }
    }

    private static void CheckZone(TimeZoneInfo zone)
    {
        List<(long Day, long Start)> days = WalkLocalDates(zone);
        (BudgetPeriod Period, Func<DateTime, long> Number)[] periods =
        [
            (BudgetPeriod.Day, local => local.Ticks / TimeSpan.TicksPerDay),
            (BudgetPeriod.Week, local => MondayOf(local).Ticks),
            (BudgetPeriod.Month, local => (local.Year * 100) + local.Month),
            (BudgetPeriod.Quarter, local => (local.Year * 10) + ((local.Month + 2) / 3)),
            (BudgetPeriod.Year, local => local.Year),
        ];
        foreach ((BudgetPeriod period, Func<DateTime, long> number) in periods)
        {
            CheckPeriod(zone, new CalendarWindows(period, zone), [.. StartsOf(days, number)]);
        }
    }

    private static void CheckPeriod(TimeZoneInfo zone, CalendarWindows windows, long[] starts)
    {
        // The first of the walk may have begun before it.
        for (int i = 1; i < starts.Length - 1; i++)
        {
            long probe = (i % 3) switch { 0 => starts[i], 1 => starts[i + 1] - 1, _ => starts[i] + ((starts[i + 1] - starts[i]) / 2) };
            CalendarWindow window = windows.At(probe);
            Assert.True(
                window.Start == starts[i] && window.End == starts[i + 1],
                $"{zone.Id}: {new DateTime(probe):u} lies in {new DateTime(window.Start):u} to {new DateTime(window.End):u}, not in {new DateTime(starts[i]):u} to {new DateTime(starts[i + 1]):u}.");
        }
    }

    private static IEnumerable<long> StartsOf(List<(long Day, long Start)> days, Func<DateTime, long> number)
    {
        long last = long.MinValue;
        foreach ((long day, long start) in days)
        {
            long current = number(new DateTime(day * TimeSpan.TicksPerDay));
            if (current != last)
            {
                last = current;
                yield return start;
            }
        }
    }

    private static DateTime MondayOf(DateTime local) => local.Date.AddDays(-(((int)local.DayOfWeek + 6) % 7));

    /// <summary>
    /// The instants at which the latest local date so far grows. Where an offset stands still for three hours the date changes where arithmetic says;
    /// where it changes, every minute is looked at.
    /// </summary>
    private static List<(long Day, long Start)> WalkLocalDates(TimeZoneInfo zone)
    {
        const long step = 3 * TimeSpan.TicksPerHour;
        List<(long Day, long Start)> days = [];
        long latest = 0;
        TimeSpan offset = zone.GetUtcOffset(_from);
        for (long at = _from.Ticks; at < _to.Ticks; at += step)
        {
            TimeSpan next = zone.GetUtcOffset(new DateTime(at + step, DateTimeKind.Utc));
            long pace = next == offset ? step : TimeSpan.TicksPerMinute;
            for (long t = at; t < at + step; t += pace)
            {
                long shift = pace == step ? offset.Ticks : zone.GetUtcOffset(new DateTime(t, DateTimeKind.Utc)).Ticks;
                AddDays(days, t + shift, t + pace - 1 + shift, shift, ref latest);
            }

            offset = next;
        }

        return days;
    }

    private static void AddDays(List<(long Day, long Start)> days, long fromLocal, long toLocal, long shift, ref long latest)
    {
        for (long day = fromLocal / TimeSpan.TicksPerDay; day <= toLocal / TimeSpan.TicksPerDay; day++)
        {
            if (day > latest)
            {
                latest = day;
                days.Add((day, Math.Max(fromLocal, day * TimeSpan.TicksPerDay) - shift));
            }
        }
    }

    private static List<TimeZoneInfo> DistinctZones()
    {
        List<TimeZoneInfo> distinct = [];
        foreach (TimeZoneInfo zone in TimeZoneInfo.GetSystemTimeZones())
        {
            if (!distinct.Exists(known => known.HasSameRules(zone)))
            {
                distinct.Add(zone);
            }
        }

        return distinct;
    }

    private static CalendarWindows Days(string zone) => new(BudgetPeriod.Day, TimeZoneInfo.FindSystemTimeZoneById(zone));

    private static long Ticks(string instant) => DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture).UtcTicks;
}
