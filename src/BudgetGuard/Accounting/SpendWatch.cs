using System.Runtime.CompilerServices;

namespace BudgetGuard.Accounting;

/// <summary>
/// How one account has spent its window, in millionths of its limit for each slice, and what that says about the rest. The rest is expected to go on as the
/// quiet slices did: at the lower quartile of their rates, and no faster than the slower of the last two. A burst is therefore not expected to last, until nine tenths are gone.
/// </summary>
internal sealed partial class SpendWatch
{
    /// <summary>The whole limit.</summary>
    public const long Limit = 1_000_000;

    // Rates are multiplied by this, to be whole numbers.
    private const long Scale = 1_024;
    private const int FewestSlices = 4;
    private const int MostSpread = 3;
    private const long Tenth = Limit / 10;

    // Less than this of a window's weight says nothing about a rate.
    private const long LeastPassed = SpendSchedule.Whole / 10_000;

    private Shares _shares;
    private long _window = -1;
    private long _settled;
    private long _counted;
    private long _limit;
    private long _rate;
    private int _rateOf;

    /// <summary>Takes note of what is settled in a window; tells by how much that has grown since the last time.</summary>
    public long Note(in CalendarWindow window, long settled, long limit, int slice)
    {
        if (window.Index != _window)
        {
            _window = window.Index;
            _shares = default;
            (_settled, _counted, _limit, _rateOf) = (0, 0, limit, -1);
        }
        else if (limit != _limit)
        {
            Rescale(limit);
        }

        long share = ShareOf(settled, limit);
        _shares[slice] = (uint)Math.Clamp(_shares[slice] + share - _counted, 0, uint.MaxValue);
        _counted = share;
        long grown = settled - _settled;
        _settled = settled;
        return grown;
    }

    /// <summary>An amount in millionths of a limit.</summary>
    public static long ShareOf(long amount, long limit) => (long)Int128.Min((Int128)amount * Limit / Math.Max(1, limit), uint.MaxValue);

    /// <summary>What a window is expected to use in all, and when it has used its limit; both as shares of the limit and of the schedule.</summary>
    /// <param name="schedule">How the window is spent.</param>
    /// <param name="used">What it has used.</param>
    /// <param name="at">The share from which on people want to know.</param>
    /// <param name="goneBy">When the limit is used up; null if it is not.</param>
    /// <returns>The forecast; 0 where there is none yet.</returns>
    public long Forecast(SpendSchedule schedule, long used, long at, out DateTimeOffset? goneBy)
    {
        goneBy = null;
        long enough = (long)((Int128)at * Tenth * 9 / Limit);
        long rate = used >= enough ? CourseRate(schedule, used, at) : Cautious(SteadyRate(schedule), schedule);
        if (rate <= 0)
        {
            return 0;
        }

        long forecast = Expected(schedule, used, rate);
        goneBy = forecast >= Limit ? schedule.WhenPassed((long)((Int128)Math.Max(0, Limit - used) * Scale / rate)) : null;
        return forecast;
    }

    private static long Expected(SpendSchedule schedule, long used, long rate) =>
        used + (long)Int128.Min((Int128)rate * schedule.Remaining / Scale, uint.MaxValue);

    // When nine tenths are gone a window cannot end under nine tenths any more: no caution is needed. The mean says whether the window is on course;
    // where it is not, the latest slices may be.
    private long CourseRate(SpendSchedule schedule, long used, long at)
    {
        long passed = SpendSchedule.Whole - schedule.Remaining;
        long mean = used * Scale / Math.Max(1, passed);
        return Expected(schedule, used, mean) >= at ? mean : Math.Max(mean, LatestRate(schedule, passed));
    }

    private long LatestRate(SpendSchedule schedule, long passed)
    {
        int slice = schedule.Slice;
        ReadOnlySpan<long> weights = schedule.Weights;
        for (int i = 0; i < slice; i++)
        {
            passed -= weights[i];
        }

        long weight = Math.Max(0, passed) + (slice > 0 ? weights[slice - 1] : 0);
        long share = (long)_shares[slice] + (slice > 0 ? _shares[slice - 1] : 0);
        return weight >= LeastPassed ? share * Scale / weight : 0;
    }

    // The longer the rest, the less of the rate is believed: a quarter less at the beginning of a window.
    private static long Cautious(long rate, SpendSchedule schedule) =>
        (long)((Int128)rate * ((4 * SpendSchedule.Whole) - schedule.Remaining) / (4 * SpendSchedule.Whole));

    private long SteadyRate(SpendSchedule schedule)
    {
        if (!schedule.IsLearned && !schedule.HasSeenEnough)
        {
            return 0;
        }

        if (_rateOf != schedule.Slice)
        {
            _rateOf = schedule.Slice;
            _rate = LowRate(schedule);
        }

        return _rate;
    }

    private long LowRate(SpendSchedule schedule)
    {
        Span<long> rates = stackalloc long[SpendSchedule.Slices];
        int count = 0;
        ReadOnlySpan<long> weights = schedule.Weights;
        for (int i = 0; i < schedule.Slice; i++)
        {
            if (weights[i] >= schedule.LeastWeight)
            {
                rates[count++] = _shares[i] * Scale / weights[i];
            }
        }

        if (count < FewestSlices)
        {
            return 0;
        }

        long latest = Math.Min(rates[count - 1], rates[count - 2]);
        rates[..count].Sort();

        // Where but for one the quietest slice has less than a third of the middle one, the rest may be as quiet: nothing is foretold of bursts.
        return rates[count / 2] > MostSpread * rates[1] ? 0 : Math.Min(latest, rates[count / 4]);
    }

    private void Rescale(long limit)
    {
        foreach (ref uint share in (Span<uint>)_shares)
        {
            share = (uint)Int128.Min((Int128)share * _limit / Math.Max(1, limit), uint.MaxValue);
        }

        _limit = limit;
        _counted = ShareOf(_settled, limit);
        _rateOf = -1;
    }

    [InlineArray(SpendSchedule.Slices)]
    private struct Shares
    {
        private uint _first;
    }
}
