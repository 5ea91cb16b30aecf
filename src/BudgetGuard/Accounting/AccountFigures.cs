using System.Collections.Immutable;

namespace BudgetGuard.Accounting;

/// <summary>What an account says of itself: its state, why it refuses and until when, which thresholds it has reached.</summary>
internal static class AccountFigures
{
    public static AccountState StateOf(LedgerWindow window, long limit)
    {
        (DateTimeOffset? start, DateTimeOffset? end) = window switch
        {
            { Slices: { } slices } => (InstantOf(slices.Start), InstantOf(slices.OldestLeavesAt)),
            { End: CalendarWindows.Never, Start: 0 } => (null, null),
            _ => (InstantOf(window.Start), InstantOf(window.End)),
        };
        return new AccountState(window.Settled, window.Held, window.Debt, limit, start, end);
    }

    /// <summary>Why a window refuses an amount.</summary>
    /// <param name="window">The window that refuses.</param>
    /// <param name="account">Whose limit counts.</param>
    /// <param name="amount">What was asked for, in addition to <paramref name="held"/>.</param>
    /// <param name="held">What the asking hold has set aside already; it grows in the window it is in and can wait for no other.</param>
    /// <param name="group">The account's budget.</param>
    /// <param name="now">The instant of asking.</param>
    public static Refusal Refuse(LedgerWindow window, Account account, long amount, long held, AccountGroup group, long now)
    {
        long limit = window.Ledger.LimitFor(account);
        bool exceedsLimit = amount > limit - held;
        bool isHeldByOthers = !exceedsLimit && amount <= limit - held - window.Settled - window.Debt;
        long? retryAt = exceedsLimit ? null
            : isHeldByOthers ? now + TimeSpan.TicksPerSecond
            : window.Slices is { } slices ? slices.HasLeftAt(window.Used - (limit - amount))
            : held > 0 ? null
            : AdmitsAt(window, limit, amount, group);
        return new Refusal
        {
            Account = account,
            Requested = amount,
            State = StateOf(window, limit),
            RetryAt = InstantOf(retryAt),
            IsHeldByOthers = isHeldByOthers,
            ExceedsLimit = exceedsLimit,
        };
    }

    /// <summary>Tells a window's first refusal; of each reason, so that one that only waits for others does not hide that the money is gone.</summary>
    public static void TellRefusal(LedgerWindow window, Refusal refusal, ref EventBuffer events)
    {
        int reason = refusal.ExceedsLimit ? 1 : refusal.IsHeldByOthers ? 2 : 4;
        if ((window.Notices.Refusals & reason) == 0)
        {
            window.Notices.Refusals |= reason;
            ArmAgainLater(window);
            events.Add(new AccountEvent(AccountEventKind.Refused, refusal.Account, refusal.State, Refusal: refusal, IsShared: window.Ledger.IsOverflow));
        }
    }

    /// <summary>Tells that a budget has more partitions than it tracks.</summary>
    public static void TellOverflow(LedgerWindow window, Account asking, ref EventBuffer events)
    {
        if (!window.Notices.Overflowed)
        {
            window.Notices.Overflowed = true;
            ArmAgainLater(window);
            events.Add(new AccountEvent(AccountEventKind.Overflowed, asking, StateOf(window, asking.Limit), IsShared: true));
        }
    }

    /// <summary>Tells the highest threshold that was reached and not told yet, and marks where the next one is.</summary>
    public static void TellThreshold(LedgerWindow window, Account account, long limit, ref EventBuffer events)
    {
        ImmutableArray<decimal> shares = account.Terms.AlertAt;
        long used = window.Settled + window.Debt;
        decimal reached = 0;
        long mark = long.MaxValue;
        for (int i = 0; !shares.IsDefault && i < shares.Length; i++)
        {
            long amount = AmountAt(shares[i], limit);
            if (used < amount)
            {
                mark = amount;
                break;
            }

            reached = shares[i];
        }

        window.Mark = mark;
        if (reached > window.Notices.Told)
        {
            window.Notices.Told = reached;
            ArmAgainLater(window);
            events.Add(new AccountEvent(
                AccountEventKind.ThresholdReached, account, StateOf(window, limit), Threshold: reached, IsShared: window.Ledger.IsOverflow));
        }
    }

    /// <summary>The highest of an account's shares that its window has reached; 0 if none.</summary>
    public static decimal ReachedShare(LedgerWindow window, Account account)
    {
        decimal reached = 0;
        if (!account.Terms.AlertAt.IsDefault)
        {
            foreach (decimal share in account.Terms.AlertAt)
            {
                reached = window.Settled + window.Debt >= AmountAt(share, Math.Max(0, account.Limit)) ? share : reached;
            }
        }

        return reached;
    }

    public static DateTimeOffset? InstantOf(long? ticks) =>
        ticks is { } known && known <= DateTimeOffset.MaxValue.Ticks ? new DateTimeOffset(known, TimeSpan.Zero) : null;

    private static void ArmAgainLater(LedgerWindow window)
    {
        if (window.Slices is { } slices && window.Notices.RearmSlice == long.MaxValue)
        {
            window.Notices.RearmSlice = slices.Latest + RollingSlices.SlicesPerWindow;
        }
    }

    /// <summary>When the first later window admits an amount: the next one, or the one by which enough debt has been paid off, one limit a window.</summary>
    private static long? AdmitsAt(LedgerWindow window, long limit, long amount, AccountGroup group)
    {
        long excess = window.Ledger.Account.Terms.CarryDebt ? window.Settled + window.Debt - limit : 0;
        Int128 above = (Int128)excess + amount - limit;
        return excess <= 0 || above <= 0
            ? window.End
            : group.StartOf(window.Index + 1 + (long)((above + limit - 1) / limit));
    }

    /// <summary>The least amount that is a share of a limit; at least one, so that nothing used reaches nothing.</summary>
    private static long AmountAt(decimal share, long limit)
    {
        if (limit == 0 || share <= 0)
        {
            return 1;
        }

        return share >= long.MaxValue / (decimal)limit ? long.MaxValue : Math.Max(1, (long)decimal.Ceiling(share * limit));
    }
}
