namespace BudgetGuard.Accounting;

/// <summary>What a watcher finds in an account that no request tells of, and what is unusual for it.</summary>
internal sealed partial class AccountLedger
{
    // Of many requests one in eight says what is usual as well as all of them.
    private const int SampledAll = 64;
    private const int SampledOneIn = 8;
    private const decimal MostForecast = 1_000;

    private Habit? _requests;
    private Habit? _minutes;
    private SpendWatch? _spend;
    private long _minute;
    private long _minuteSpent;
    private int _untilLarge;

    /// <summary>The least amount that may be a spike; one per cent of the limit. More than anything where nobody wants to know.</summary>
    public long LeastSpike =>
        Unit is BudgetUnit.Usd or BudgetUnit.Tokens && Account.Terms.SpikeFactor > 0 && Account.Limit > 0
            ? ((Account.Limit - 1) / 100) + 1
            : long.MaxValue;

    /// <summary>Learns from the amount of a request what is usual; tells how many requests may pass before the next.</summary>
    public int SampleRequest(long amount)
    {
        if (LeastSpike == long.MaxValue)
        {
            return int.MaxValue;
        }

        _requests ??= new Habit();
        if (amount > 0)
        {
            _requests.Observe(amount);
        }

        return _requests.Seen < SampledAll ? 0 : SampledOneIn - 1;
    }

    /// <summary>Looks at the account as a watcher does: ends what is over, and looks for what nobody asked for.</summary>
    public void Watch(SpendSchedule? schedule, in CalendarWindow bounds, long now, bool hasMinutes, ref EventBuffer events)
    {
        bool isOver = Current.Slices is null && now >= Current.End;
        if (isOver)
        {
            // Told here, but the next window begins with its first request: an account that nobody uses can give its place to another.
            AccountNotices.TellEnded(Current, ref events);
        }
        else if (Current.Notices is { HasOpen: true })
        {
            At(now, ref events);
            if (Unit == BudgetUnit.Concurrency)
            {
                AccountNotices.Pass(Current, now, Limit, ref events);
            }
        }

        if (Current.Slices is not null || Unit == BudgetUnit.Concurrency || isOver || Current.Settled + Current.Debt == 0)
        {
            return;
        }

        if (Current.Settled + Current.Debt >= Current.Mark)
        {
            AccountNotices.TellThreshold(Current, Account, Limit, ref events);
        }

        if (!hasMinutes)
        {
            return;
        }

        _spend ??= new SpendWatch();
        long grown = _spend.Note(bounds, Current.Settled, Limit, schedule?.Slice ?? 0);
        WatchMinute(grown, now, ref events);
        if (schedule is not null)
        {
            schedule.Spent(grown);
            WatchForecast(schedule, ref events);
        }
    }

    /// <summary>What it has used, without what is held; nothing in a calendar window that is over.</summary>
    public BudgetUsage UsageAt(long now)
    {
        if (Current.Slices is not null && now >= Current.End)
        {
            Current.Advance(now);
        }

        long used = now >= Current.End ? 0 : Unit == BudgetUnit.Concurrency ? Current.Held : Current.Settled + Current.Debt;
        return new BudgetUsage(Account.Terms.Name, Unit, used, Limit, used > 0 ? 1 : 0);
    }

    /// <summary>Lets the next spike be told at once.</summary>
    public void TellSpikeAgain(bool ofMinutes) => (ofMinutes ? _minutes : _requests)?.TellAgain();

    private void ObserveRequest(LedgerWindow window, long amount, ref EventBuffer events)
    {
        long least = LeastSpike;
        if (amount > 0 && least != long.MaxValue)
        {
            _requests ??= new Habit();
            TellUnusual(_requests, window, amount, least, ofMinute: false, ref events);

            // Of large requests no more are learned from than of small ones; else they would seem to be more.
            if (_requests.Seen < SampledAll || --_untilLarge < 0)
            {
                _requests.Observe(amount);
                _untilLarge = SampledOneIn - 1;
            }
        }
    }

    private void WatchMinute(long grown, long now, ref EventBuffer events)
    {
        long minute = now / TimeSpan.TicksPerMinute;
        if (minute != _minute)
        {
            long least = LeastSpike;
            if (_minuteSpent > 0 && least != long.MaxValue)
            {
                _minutes ??= new Habit();
                TellUnusual(_minutes, Current, _minuteSpent, least, ofMinute: true, ref events);
                _minutes.Observe(_minuteSpent);
            }

            (_minute, _minuteSpent) = (minute, 0);
        }

        _minuteSpent = Math.Max(0, Saturating.Add(_minuteSpent, grown));
    }

    private void TellUnusual(Habit habit, LedgerWindow window, long amount, long least, bool ofMinute, ref EventBuffer events)
    {
        if (amount >= least && habit.IsUnusual(amount, Account.Terms.SpikeFactor) && habit.TryTell(_group.Latest))
        {
            events.Add(new AccountEvent(
                AccountEventKind.Spiked, Account, AccountFigures.StateOf(window, Limit), Amount: amount, IsShared: IsOverflow)
            {
                Expected = habit.Median,
                IsMinute = ofMinute,
                Since = _group.Latest,
                Cause = events.Cause,
            });
        }
    }

    private void WatchForecast(SpendSchedule schedule, ref EventBuffer events)
    {
        Notice told = Current.Notices?[NoticeKind.Forecast] ?? default;
        decimal at = Account.Terms.ForecastAt;
        if (told.IsTold || Limit == 0 || at <= 0)
        {
            return;
        }

        long share = (long)(Math.Min(at, MostForecast) * SpendWatch.Limit);
        long used = SpendWatch.ShareOf(Saturating.Add(Current.Settled, Current.Debt), Limit);
        long forecast = _spend!.Forecast(schedule, used, share, out DateTimeOffset? goneBy);
        if (forecast >= share && used < share)
        {
            long projected = (long)Int128.Min((Int128)forecast * Limit / SpendWatch.Limit, long.MaxValue);
            AccountNotices.TellForecast(Current, Account, Limit, projected, goneBy, ref events);
        }
        else if (told.IsOpen && used < share)
        {
            AccountNotices.TellForecastOver(Current, ref events);
        }
    }
}
