namespace BudgetGuard.Accounting;

internal static partial class AccountNotices
{
    private const int Part = 99;
    private const int Whole = 100;

    private static readonly NoticeKind[] _recovering = [NoticeKind.Threshold, NoticeKind.Exceeded];

    /// <summary>Tells what is over because so much was given back, or has left a rolling window, that one per cent more would not bring it back.</summary>
    public static void TellRecovered(LedgerWindow window, ref EventBuffer events)
    {
        if (window.Notices is not { } notices)
        {
            return;
        }

        long used = window.Settled + window.Debt;
        foreach (NoticeKind kind in _recovering)
        {
            ref Notice notice = ref notices[kind];
            if (!CanFallBelow(window, notice) || (Int128)used * Whole >= (Int128)notice.Level * Part)
            {
                continue;
            }

            if (notice.IsOpen)
            {
                Recover(kind, window, ref notice, ref events);
            }

            // A rolling window gives back all the time: it tells again only after its length.
            if (window.Slices is null)
            {
                SetShare(ref notice, kind == NoticeKind.Threshold ? AccountFigures.ReachedShare(window, window.Ledger.Account) : 0, window);
                Arm(window, ref notice);
                window.Mark = 0;
            }
        }

        SetRecoverBelow(window);
    }

    /// <summary>Tells that all is over that a window told of, because the window is.</summary>
    public static void TellEnded(LedgerWindow window, ref EventBuffer events)
    {
        for (NoticeKind kind = NoticeKind.Threshold; window.Notices is { } notices && kind <= NoticeKind.Forecast; kind++)
        {
            if (notices[kind].IsOpen)
            {
                Recover(kind, window, ref notices[kind], ref events);
            }
        }

        window.RecoverBelow = 0;
    }

    /// <summary>Tells that a forecast is over which a higher limit has made untrue.</summary>
    public static void TellForecastOver(LedgerWindow window, ref EventBuffer events) =>
        Recover(NoticeKind.Forecast, window, ref window.NoticesOrNew[NoticeKind.Forecast], ref events);

    /// <summary>Arms again, after a limit was raised while running, what the new limit has made untrue: it is a new one to reach.</summary>
    public static void LimitRaised(LedgerWindow window, Account newest, long before, ref EventBuffer events)
    {
        if (window.Notices is not { } notices)
        {
            return;
        }

        ref Notice threshold = ref notices[NoticeKind.Threshold];
        ref Notice exceeded = ref notices[NoticeKind.Exceeded];
        threshold.Level = threshold.Share > 0 ? AccountFigures.AmountAt(threshold.Share, Math.Max(0, newest.Limit)) : 0;
        exceeded.Level = before <= 0 ? exceeded.Level : (long)Int128.Min(long.MaxValue, (Int128)exceeded.Level * newest.Limit / before);
        TellRecovered(window, ref events);
        decimal reached = AccountFigures.ReachedShare(window, newest);
        if (reached < threshold.Share)
        {
            SetShare(ref threshold, reached, window);
            threshold.IsTold = false;
            threshold.Round++;
        }

        foreach (NoticeKind kind in (ReadOnlySpan<NoticeKind>)[NoticeKind.TooLarge, NoticeKind.HeldByOthers, NoticeKind.Exceeded, NoticeKind.Forecast])
        {
            if (notices[kind].IsTold)
            {
                Arm(window, ref notices[kind]);
            }
        }

        SetRecoverBelow(window);
    }

    /// <summary>True of what is told, and of a lower share that is still reached after a higher one was over: below it, it counts as not reached.</summary>
    private static bool CanFallBelow(LedgerWindow window, in Notice notice) => notice.IsOpen || (notice.Share > 0 && window.Slices is null);

    private static void SetShare(ref Notice notice, decimal share, LedgerWindow window)
    {
        window.Touch();
        notice.Share = share;
        notice.Level = share > 0 ? AccountFigures.AmountAt(share, Math.Max(0, window.Ledger.Account.Limit)) : 0;
    }

    private static void Recover(NoticeKind kind, LedgerWindow window, ref Notice notice, ref EventBuffer events)
    {
        window.Touch();
        Account account = window.Ledger.Account;
        events.Add(Event(AccountEventKind.Recovered, kind, window, account, AccountFigures.StateOf(window, Math.Max(0, account.Limit)), notice, events));
        notice.IsOpen = false;
    }

    private static void SetRecoverBelow(LedgerWindow window)
    {
        long below = 0;
        foreach (NoticeKind kind in _recovering)
        {
            ref Notice notice = ref window.NoticesOrNew[kind];
            below = CanFallBelow(window, notice) ? Math.Max(below, (long)((((Int128)notice.Level * Part) + Whole - 1) / Whole)) : below;
        }

        window.RecoverBelow = below;
    }
}
