using System.Collections.Immutable;

namespace BudgetGuard.Accounting;

/// <summary>When an account tells something, and when it tells that it is over.</summary>
internal static partial class AccountNotices
{
    /// <summary>How long a concurrency budget, which has no window, tells nothing after it told that it refused.</summary>
    public const long ConcurrencyPause = TimeSpan.TicksPerHour;

    /// <summary>Tells a window's first refusal; of each reason, so that one that only waits for others does not hide that the money is gone.</summary>
    public static void TellRefusal(LedgerWindow window, Refusal refusal, long now, ref EventBuffer events)
    {
        NoticeKind kind = refusal.ExceedsLimit ? NoticeKind.TooLarge : refusal.IsHeldByOthers ? NoticeKind.HeldByOthers : NoticeKind.Exceeded;
        ref Notice notice = ref window.NoticesOrNew[kind];
        if (notice.IsTold && window.Unit == BudgetUnit.Concurrency && now >= notice.RearmAt)
        {
            Arm(window, ref notice);
        }

        long used = window.Settled + window.Debt;
        if (notice.IsTold && kind == NoticeKind.Exceeded && IsNearlyGone(used, window) && !IsNearlyGone(notice.Level, window))
        {
            // A request that asked for nearly all must not hide that later the money is really gone.
            Arm(window, ref notice);
        }

        if (notice.IsTold)
        {
            return;
        }

        Begin(window, ref notice, now, opens: kind == NoticeKind.Exceeded || (kind == NoticeKind.HeldByOthers && window.Unit == BudgetUnit.Concurrency));
        notice.Level = used;
        notice.Throttles = refusal.Account.Terms.OnExceeded == BudgetAction.Throttle && refusal.RetryAt is not null;
        SetRecoverBelow(window);
        events.Add(Event(AccountEventKind.Refused, kind, window, refusal.Account, refusal.State, notice, events) with { Refusal = refusal });
    }

    /// <summary>Tells that a budget has more partitions than it tracks.</summary>
    public static void TellOverflow(LedgerWindow window, Account asking, ref EventBuffer events)
    {
        ref Notice notice = ref window.NoticesOrNew[NoticeKind.Overflowed];
        if (!notice.IsTold)
        {
            Begin(window, ref notice, window.Start, opens: false);
            AccountState state = AccountFigures.StateOf(window, asking.Limit);
            events.Add(Event(AccountEventKind.Overflowed, NoticeKind.Overflowed, window, asking, state, notice, events) with { IsShared = true });
        }
    }

    /// <summary>Tells the highest threshold that was reached and not told yet, and marks where the next one is.</summary>
    public static void TellThreshold(LedgerWindow window, Account account, long limit, ref EventBuffer events)
    {
        ImmutableArray<decimal> shares = account.Terms.AlertAt;
        long used = window.Settled + window.Debt;
        decimal reached = 0;
        long level = 0;
        long mark = long.MaxValue;
        for (int i = 0; !shares.IsDefault && i < shares.Length; i++)
        {
            long amount = AccountFigures.AmountAt(shares[i], limit);
            if (used < amount)
            {
                mark = amount;
                break;
            }

            reached = shares[i];
            level = amount;
        }

        window.Mark = mark;
        if (reached == 0 || reached <= (window.Notices?[NoticeKind.Threshold].Share ?? 0))
        {
            return;
        }

        ref Notice notice = ref window.NoticesOrNew[NoticeKind.Threshold];
        if (!notice.IsTold)
        {
            // The higher shares of one round are told under the time of its first.
            Begin(window, ref notice, window.Start, opens: true);
        }

        window.Touch();
        notice.RearmAt = RearmAt(window, window.Start);
        notice.IsOpen = true;
        notice.Share = reached;
        notice.Level = level;
        SetRecoverBelow(window);
        events.Add(Event(AccountEventKind.ThresholdReached, NoticeKind.Threshold, window, account, AccountFigures.StateOf(window, limit), notice, events));
    }

    /// <summary>Tells what the window is expected to use in all.</summary>
    public static void TellForecast(LedgerWindow window, Account account, long limit, long projected, DateTimeOffset? goneBy, ref EventBuffer events)
    {
        ref Notice notice = ref window.NoticesOrNew[NoticeKind.Forecast];
        Begin(window, ref notice, window.Start, opens: true);
        notice.Share = account.Terms.ForecastAt;
        AccountState state = AccountFigures.StateOf(window, limit);
        events.Add(Event(AccountEventKind.Forecast, NoticeKind.Forecast, window, account, state, notice, events) with { Amount = projected, GoneBy = goneBy });
    }

    /// <summary>Arms again what was told one length ago where no window ends, and tells what is over.</summary>
    public static void Pass(LedgerWindow window, long now, long limit, ref EventBuffer events)
    {
        if (window.Notices is not { } notices)
        {
            return;
        }

        if (window.Settled + window.Debt < window.RecoverBelow)
        {
            TellRecovered(window, ref events);
        }

        if (window.Unit == BudgetUnit.Concurrency)
        {
            ref Notice waiting = ref notices[NoticeKind.HeldByOthers];
            if (waiting.IsOpen && now >= waiting.RearmAt && window.Used < limit)
            {
                Recover(NoticeKind.HeldByOthers, window, ref waiting, ref events);
                Arm(window, ref waiting);
            }

            return;
        }

        foreach (ref Notice notice in notices.All)
        {
            if (notice.IsTold && now >= notice.RearmAt)
            {
                notice.Share = 0;
                Arm(window, ref notice);
                window.Mark = 0;
            }
        }
    }

    /// <summary>Makes a window tell again, as the same alert, what could not be delivered.</summary>
    public static void TellAgain(LedgerWindow window, NoticeKind kind, AlertClaim claim)
    {
        if (window.Notices is not { } notices)
        {
            return;
        }

        ref Notice notice = ref notices[kind];
        if (notice.Round != claim.Round || notice.Since != (claim.WindowStart?.UtcTicks ?? 0) || (claim.Threshold > 0 && notice.Share != claim.Threshold))
        {
            return;
        }

        window.Touch();
        if (kind != NoticeKind.Threshold)
        {
            notice.IsTold = false;
            return;
        }

        decimal below = 0;
        foreach (decimal share in window.Ledger.Account.Terms.AlertAt)
        {
            below = share < claim.Threshold ? share : below;
        }

        // Told at the next change, and not at the next look of a watcher: a sink that is down is not asked for ever.
        notice.Share = below;
        window.Mark = Saturating.Add(window.Settled + window.Debt, 1);
    }

    private static bool IsNearlyGone(long used, LedgerWindow window) => (Int128)used * 10 >= (Int128)Math.Max(0, window.Ledger.Account.Limit) * 9;

    private static void Begin(LedgerWindow window, ref Notice notice, long now, bool opens)
    {
        window.Touch();
        long start = window.Slices is { } slices ? slices.StartOfLatest : window.Unit == BudgetUnit.Concurrency ? now : window.Start;
        notice.Since = notice.IsOpen ? notice.Since : start;
        notice.RearmAt = RearmAt(window, now);
        notice.IsTold = true;
        notice.IsOpen |= opens;
    }

    private static long RearmAt(LedgerWindow window, long now) =>
        window.Slices is { } slices ? Saturating.Add(slices.StartOfLatest, slices.Length)
        : window.Unit == BudgetUnit.Concurrency ? Saturating.Add(now, ConcurrencyPause)
        : long.MaxValue;

    private static void Arm(LedgerWindow window, ref Notice notice)
    {
        window.Touch();
        notice.IsTold = false;
        notice.Round++;
    }

    private static AccountEvent Event(
        AccountEventKind kind, NoticeKind what, LedgerWindow window, Account account, in AccountState state, in Notice notice, in EventBuffer events) =>
        new(kind, account, state, Threshold: notice.Share, IsShared: window.Ledger.IsOverflow)
        {
            Notice = what,
            Since = notice.Since,
            Round = notice.Round,
            Throttles = notice.Throttles,
            Cause = events.Cause,
        };
}
