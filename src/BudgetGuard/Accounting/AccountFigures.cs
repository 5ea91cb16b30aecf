namespace BudgetGuard.Accounting;

/// <summary>What an account says of itself: its state, why it refuses and until when, which shares of its limit it has reached.</summary>
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
            : AdmitsAt(window, limit, window.Ledger.LimitAt(window.End, account), amount, group);
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

    /// <summary>When the first later window admits an amount: the next one, or the one by which enough debt has been paid off, one limit a window.</summary>
    private static long? AdmitsAt(LedgerWindow window, long limit, long later, long amount, AccountGroup group)
    {
        if (amount > later)
        {
            // It fits only under a limit that is raised for this window.
            return null;
        }

        long excess = window.Ledger.Account.Terms.CarryDebt ? window.Settled + window.Debt - limit : 0;
        Int128 above = (Int128)excess + amount - later;
        return excess <= 0 || above <= 0
            ? window.End
            : group.StartOf(window.Index + 1 + (long)((above + later - 1) / later));
    }

    /// <summary>The least amount that is a share of a limit; at least one, so that nothing used reaches nothing.</summary>
    public static long AmountAt(decimal share, long limit)
    {
        if (limit == 0 || share <= 0)
        {
            return 1;
        }

        return share >= long.MaxValue / (decimal)limit ? long.MaxValue : Math.Max(1, (long)decimal.Ceiling(share * limit));
    }
}
