using BudgetGuard.Accounting;

namespace BudgetGuard.Tests.Alerts.Raising;

/// <summary>A thousand windows of one kind of traffic, each with a level of its own, and what a rule says of them.</summary>
internal sealed class ForecastTraffic(string traffic, BudgetPeriod period, int seed)
{
    public const long Limit = 1_000_000;
    public const int Windows = 1_000;

    private static readonly TimeZoneInfo _zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    private readonly CalendarWindows _windows = new(period, _zone);
    private readonly Random _random = new(seed);
    private readonly TimeSpan _step = TimeSpan.FromMinutes(period == BudgetPeriod.Day ? 15 : 120);
    private DateTimeOffset _now = new(2026, 1, 4, 23, 0, 0, TimeSpan.Zero);
    private int _burst;

    /// <summary>True from the call on in which a rule tells: of a window, an instant in it, what was used by then and what of that is new.</summary>
    public delegate bool Rule(in CalendarWindow window, long now, long used, long amount);

    /// <summary>A row of the table: windows that used all, of these foretold, median share of the window between the forecast and the end of the limit; false ones.</summary>
    public ForecastFigures Measure(Rule rule)
    {
        ForecastFigures figures = new();
        for (int i = 0; i < Windows; i++)
        {
            One(rule, figures);
        }

        return figures;
    }

    /// <summary>The rule of the product, without a tracker.</summary>
    public static Rule Ours()
    {
        SpendSchedule schedule = new(_zone);
        SpendWatch watch = new();
        return (in CalendarWindow window, long now, long used, long amount) =>
        {
            schedule.LookAt(window, now);
            schedule.Spent(watch.Note(window, used, Limit, schedule.Slice));
            return used > 0 && watch.Forecast(schedule, SpendWatch.ShareOf(used, Limit), SpendWatch.Limit, out _) >= SpendWatch.Limit;
        };
    }

    /// <summary>What was used ÷ what has passed of the window, once a part of it has.</summary>
    public static Rule Simple(double guard) => (in CalendarWindow window, long now, long used, long amount) =>
    {
        double passed = (double)(now - window.Start) / (window.End - window.Start);
        return passed >= guard && used / passed >= Limit;
    };

    private void One(Rule rule, ForecastFigures figures)
    {
        CalendarWindow window = _windows.At(_now.UtcTicks);
        double length = window.End - window.Start;
        double goal = 0.5 + (_random.NextDouble() * 0.9);
        long total = 0;
        double? told = null;
        double? gone = null;
        for (; _now.UtcTicks < window.End; _now += _step)
        {
            long amount = (long)(Limit * goal * Weight() * (0.5 + _random.NextDouble()) * _step.Ticks / length);
            total += amount;
            bool tells = rule(window, _now.UtcTicks, total, amount);
            double left = (window.End - _now.UtcTicks) / length;
            gone ??= total >= Limit ? left : null;
            told ??= tells && total < Limit ? left : null;
        }

        figures.Add(total, told, gone);
    }

    private double Weight()
    {
        DateTimeOffset local = TimeZoneInfo.ConvertTime(_now, _zone);
        _burst = _burst > 0 ? _burst - 1 : _random.Next(60) == 0 ? _random.Next(4, 16) : 0;
        bool works = local.Hour is >= 9 and < 17 && local.DayOfWeek is not (DayOfWeek.Saturday or DayOfWeek.Sunday);
        return traffic switch { "constant" => 1, "office" => works ? 4.2 : 0, _ => _burst > 0 ? 5 : 0.35 };
    }
}

/// <summary>How often a forecast came in time, how early, and how often for nothing.</summary>
internal sealed class ForecastFigures
{
    private readonly List<double> _leads = [];

    public int Gone { get; private set; }

    public int Foretold => _leads.Count;

    /// <summary>Told, and the window ended between 90 and 100 per cent.</summary>
    public int Near { get; private set; }

    /// <summary>Told, and the window ended under 90 per cent.</summary>
    public int Unjust { get; private set; }

    /// <summary>The median share of the window between a forecast and the instant the limit was used up.</summary>
    public double Lead => _leads.Count == 0 ? 0 : _leads.Order().ElementAt(_leads.Count / 2);

    public void Add(long total, double? told, double? gone)
    {
        Gone += gone is null ? 0 : 1;
        Near += told is not null && gone is null && total >= ForecastTraffic.Limit * 9 / 10 ? 1 : 0;
        Unjust += told is not null && total < ForecastTraffic.Limit * 9 / 10 ? 1 : 0;
        if (told is { } from && gone is { } to)
        {
            _leads.Add(from - to);
        }
    }
}
