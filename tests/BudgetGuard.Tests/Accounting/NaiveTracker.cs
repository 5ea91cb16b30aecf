using BudgetGuard.Accounting;

namespace BudgetGuard.Tests.Accounting;

/// <summary>
/// What a tracker must do, written so that it is easy to see right: every hold is kept for ever, every figure is summed anew from all of them.
/// It knows windows of UTC minutes, UTC days, one total, and rolling windows, and shares no code with the tracker.
/// </summary>
internal sealed class NaiveTracker(ExpiredHolds expired, DateTimeOffset start)
{
    private readonly List<NaiveHold> _holds = [];

    public DateTimeOffset Now { get; set; } = start;

    public int Count => _holds.Count;

    public (HoldOutcome Outcome, List<string> Refusing) Hold(AccountSet set, Charge amount, TimeSpan ttl)
    {
        ExpireDue();
        List<Account> refusing = [.. set.Accounts.Where(a => !Fits(HeldOn(a, amount), Left(a, WindowOf(a))))];
        List<string> names = [.. refusing.Select(a => a.Terms.Name)];
        if (refusing.Any(a => a.Terms.Enforced))
        {
            return (HoldOutcome.Refused, names);
        }

        _holds.Add(new NaiveHold(Now, ttl, [.. set.Accounts.Select(a => new Part(a, WindowOf(a)) { Held = HeldOn(a, amount) })]) { Expires = Now + ttl });
        return (HoldOutcome.Held, names);
    }

    public HoldOutcome Extend(int index, Charge more)
    {
        ExpireDue();
        NaiveHold hold = _holds[index];
        if (hold.State != HoldState.Held)
        {
            return HoldOutcome.Conflict;
        }

        foreach (Part part in hold.Parts)
        {
            long amount = UsedOn(part.Account, more);
            bool isGone = IsRolling(part.Account) && !Counts(part);
            if (!Fits(isGone && amount > 0 ? amount + part.Held : amount, Left(part.Account, isGone ? WindowOf(part.Account) : part.Window))
                && part.Account.Terms.Enforced)
            {
                return HoldOutcome.Refused;
            }
        }

        foreach (Part part in hold.Parts)
        {
            long amount = UsedOn(part.Account, more);
            if (amount > 0 && IsRolling(part.Account) && !Counts(part))
            {
                part.Window = WindowOf(part.Account);
            }

            part.Held += amount;
        }

        hold.Expires = Now + hold.Ttl;
        return HoldOutcome.Held;
    }

    public void Settle(int index, Charge actual)
    {
        ExpireDue();
        if (_holds[index].State != HoldState.Settled)
        {
            End(_holds[index], HoldState.Settled, part => UsedOn(part.Account, actual));
        }
    }

    public void Release(int index)
    {
        ExpireDue();
        if (_holds[index].State < HoldState.Released)
        {
            End(_holds[index], HoldState.Released, _ => 0);
        }
    }

    /// <summary>A tracker has to remember what is over for a day.</summary>
    public bool IsRemembered(int index)
    {
        ExpireDue();
        return _holds[index].State == HoldState.Held || Now - _holds[index].Taken < TimeSpan.FromDays(1);
    }

    public void Adjust(int index, Charge settled, Charge actual)
    {
        if (_holds[index].State != HoldState.Settled)
        {
            Settle(index, actual);
            return;
        }

        ExpireDue();
        foreach (Part part in _holds[index].Parts)
        {
            part.Settled = Math.Max(0, part.Settled + UsedOn(part.Account, actual) - UsedOn(part.Account, settled));
        }
    }

    public (long Settled, long Held, long Debt) Read(Account account)
    {
        ExpireDue();
        long window = WindowOf(account);
        return (Sum(account, window, p => p.Settled), Sum(account, window, p => p.Held), Debt(account, window));
    }

    private static bool Fits(long amount, long left) => amount == 0 || amount <= left;

    private static bool IsRolling(Account account) => account.Terms.Window.Rolling is not null;

    private static long UsedOn(Account account, Charge charge) => account.Terms.Unit switch
    {
        BudgetUnit.Usd => charge.Cost.Nanos,
        BudgetUnit.Tokens => charge.Tokens,
        BudgetUnit.Requests => charge.Requests,
        _ => 0,
    };

    private static long HeldOn(Account account, Charge charge) => account.Terms.Unit == BudgetUnit.Concurrency ? 1 : UsedOn(account, charge);

    private static void End(NaiveHold hold, HoldState state, Func<Part, long> settled)
    {
        hold.State = state;
        foreach (Part part in hold.Parts)
        {
            part.Settled = settled(part);
            part.Held = 0;
        }
    }

    private void ExpireDue()
    {
        foreach (NaiveHold hold in _holds.Where(h => h.State == HoldState.Held && h.Expires <= Now))
        {
            End(hold, HoldState.Expired, p => expired == ExpiredHolds.Charge && p.Account.Terms.Unit != BudgetUnit.Concurrency ? p.Held : 0);
        }
    }

    private long WindowOf(Account account)
    {
        WindowSpec window = account.Terms.Window;
        long length = window.Rolling is { } rolling ? rolling.Ticks / 60
            : window.Period == BudgetPeriod.Minute ? TimeSpan.TicksPerMinute
            : window.Period == BudgetPeriod.Day ? TimeSpan.TicksPerDay
            : long.MaxValue;
        return Now.UtcTicks / length;
    }

    // In a rolling window everything counts that was taken in the latest 61 slices.
    private bool Counts(Part part) => part.Window >= WindowOf(part.Account) - 60;

    private long Sum(Account account, long window, Func<Part, long> figure)
    {
        long sum = 0;
        foreach (NaiveHold hold in _holds)
        {
            foreach (Part part in hold.Parts)
            {
                if (part.Account.Key == account.Key && (IsRolling(account) ? Counts(part) : part.Window == window))
                {
                    sum += figure(part);
                }
            }
        }

        return sum;
    }

    private long Debt(Account account, long window)
    {
        if (!account.Terms.CarryDebt || _holds.Count == 0)
        {
            return 0;
        }

        long debt = 0;
        for (long w = _holds.SelectMany(h => h.Parts).Where(p => p.Account.Key == account.Key).Select(p => p.Window).DefaultIfEmpty(window).Min(); w < window; w++)
        {
            debt = Math.Max(0, debt + Sum(account, w, p => p.Settled) - account.Limit);
        }

        return debt;
    }

    private long Left(Account account, long window) =>
        account.Limit - Sum(account, window, p => p.Settled + p.Held) - Debt(account, window);

    private sealed class NaiveHold(DateTimeOffset taken, TimeSpan ttl, List<Part> parts)
    {
        public DateTimeOffset Taken { get; } = taken;

        public TimeSpan Ttl { get; } = ttl;

        public List<Part> Parts { get; } = parts;

        public DateTimeOffset Expires { get; set; }

        public HoldState State { get; set; }
    }

    private sealed class Part(Account account, long window)
    {
        public Account Account { get; } = account;

        public long Window { get; set; } = window;

        public long Held { get; set; }

        public long Settled { get; set; }
    }
}
