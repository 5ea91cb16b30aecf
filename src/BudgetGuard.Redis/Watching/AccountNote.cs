using BudgetGuard.Accounting;

namespace BudgetGuard.Redis;

/// <summary>
/// What is noted of an account from one look to the next: how it spent its window, and what its minutes are like. Kept with the account, so that any node can go on, and no
/// node has to remember them all.
/// </summary>
internal sealed class AccountNote
{
    private const int Version = 1;
    private const decimal MostForecast = 1_000;

    private SpendWatch _spend = new();
    private Habit? _minutes;
    private long _minute;
    private long _minuteSpent;
    private long _window = -1;
    private long _foretold = -1;
    private long _settled;

    private bool _isChanged;

    /// <summary>The limit it had at the last look; negative before the first.</summary>
    public long Limit { get; private set; } = -1;

    /// <summary>Reads one; a new one where nothing was noted, or something else.</summary>
    public static AccountNote Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return new AccountNote();
        }

        try
        {
            var record = new RecordReader(bytes);
            if (record.Int() != Version)
            {
                return new AccountNote();
            }

            return new AccountNote
            {
                _spend = SpendWatch.Read(ref record),
                _minute = record.Long(),
                _minuteSpent = record.Long(),
                _window = record.Long(),
                _foretold = record.Long(),
                _settled = record.Long(),
                Limit = record.Long(),
                _minutes = record.Bool() ? Habit.Read(ref record) : null,
            };
        }
        catch (InvalidDataException)
        {
            return new AccountNote();
        }
    }

    public void Write(RecordWriter record)
    {
        record.Add(Version);
        _spend.Write(record);
        record.Add(_minute);
        record.Add(_minuteSpent);
        record.Add(_window);
        record.Add(_foretold);
        record.Add(_settled);
        record.Add(Limit);
        record.Add(_minutes is not null);
        _minutes?.Write(record);
    }

    /// <summary>Looks at an account; true if there is anything new to note.</summary>
    /// <param name="account">The account as it was found.</param>
    /// <param name="schedule">How its budget is spent; null where it is not forecast.</param>
    /// <param name="now">The server's time, in ticks.</param>
    /// <param name="isNew">True if nobody has looked for a while: what was spent meanwhile is of no minute.</param>
    /// <param name="findings">Where it is told.</param>
    public bool Look(in WatchedAccount account, SpendSchedule? schedule, long now, bool isNew, IFindings findings)
    {
        CalendarWindow window = account.Figures.Window;
        long limit = account.Figures.Limit;
        long used = account.Figures.Settled + account.Figures.Debt;
        bool isLowered = limit < Limit;
        bool isRaised = limit > Limit && Limit >= 0;
        bool isNext = window.Index != _window;
        if (used == 0 && isNext)
        {
            // Its next window begins with the first request; until then nothing changes.
            return false;
        }

        _isChanged = isNext || limit != Limit || account.Figures.Settled != _settled;
        (_window, Limit, _settled) = (window.Index, limit, account.Figures.Settled);
        if (isLowered || (isNext && account.Figures.Debt > 0))
        {
            findings.Reached(account);
        }

        long grown = _spend.Note(window, account.Figures.Settled, limit, schedule?.Slice ?? 0);
        WatchMinute(account, isNew ? 0 : grown, now / TimeSpan.TicksPerMinute, isNew, findings);
        if (schedule is not null)
        {
            schedule.Spent(isNew ? 0 : grown);
            WatchForecast(account, schedule, used, isRaised, findings);
        }

        return _isChanged;
    }

    private void WatchMinute(in WatchedAccount account, long grown, long minute, bool isNew, IFindings findings)
    {
        if (isNew || (minute != _minute && _minuteSpent <= 0))
        {
            _isChanged |= _minuteSpent != 0;
            (_minute, _minuteSpent) = (minute, 0);
        }
        else if (minute != _minute)
        {
            long least = LeastSpike(account.Budget.Terms, account.Figures.Limit);
            if (least != long.MaxValue)
            {
                _minutes ??= new Habit();
                if (_minuteSpent >= least && _minutes.IsUnusual(_minuteSpent, account.Budget.Terms.SpikeFactor))
                {
                    findings.Unusual(account, _minuteSpent, _minutes.Median);
                }

                _minutes.Observe(_minuteSpent);
            }

            (_minute, _minuteSpent, _isChanged) = (minute, 0, true);
        }

        _minuteSpent = Math.Max(0, Saturating.Add(_minuteSpent, grown));
    }

    private void WatchForecast(in WatchedAccount account, SpendSchedule schedule, long used, bool isRaised, IFindings findings)
    {
        (decimal at, long limit) = (account.Budget.Terms.ForecastAt, account.Figures.Limit);
        if (limit == 0 || at <= 0)
        {
            return;
        }

        long share = (long)(Math.Min(at, MostForecast) * SpendWatch.Limit);
        long usedShare = SpendWatch.ShareOf(used, limit);
        if (usedShare >= share)
        {
            return;
        }

        long forecast = _spend.Forecast(schedule, usedShare, share, out DateTimeOffset? goneBy);
        if (forecast >= share)
        {
            findings.Foretold(account, (long)Int128.Min((Int128)forecast * limit / SpendWatch.Limit, long.MaxValue), goneBy);
            _isChanged |= _foretold != _window;
            _foretold = _window;
        }
        else if (isRaised && _foretold == _window)
        {
            findings.NotForetold(account);
            (_foretold, _isChanged) = (-1, true);
        }
    }

    private static long LeastSpike(BudgetTerms terms, long limit) =>
        terms.Unit is BudgetUnit.Usd or BudgetUnit.Tokens && terms.SpikeFactor > 0 && limit > 0 ? ((limit - 1) / 100) + 1 : long.MaxValue;
}

/// <summary>Who hears what is found in accounts.</summary>
internal interface IFindings
{
    /// <summary>Its limit was lowered, or it began with a debt: a share of the limit may be reached that no request passed.</summary>
    void Reached(in WatchedAccount account);

    void Unusual(in WatchedAccount account, long amount, long usual);

    void Foretold(in WatchedAccount account, long projected, DateTimeOffset? goneBy);

    /// <summary>A higher limit has made a forecast untrue.</summary>
    void NotForetold(in WatchedAccount account);
}
