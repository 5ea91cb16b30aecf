namespace BudgetGuard.Accounting;

/// <summary>What an account has to tell: each kind once per account and window (a refusal once for each reason), except overshoot, which is told each time.</summary>
internal enum AccountEventKind
{
    /// <summary>Settled plus debt reached <see cref="AccountEvent.Threshold"/> of the limit.</summary>
    ThresholdReached,

    /// <summary>
    /// The first refusal of the window, enforced or not; once for each reason, so that one that only waits for others does not hide that the money is gone.
    /// </summary>
    Refused,

    /// <summary>A settlement took the account above its limit; <see cref="AccountEvent.Amount"/> is by how much this settlement exceeded its hold.</summary>
    Overshot,

    /// <summary>The budget has more partitions than it tracks; the request was charged to the shared overflow account.</summary>
    Overflowed,

    /// <summary>The window is expected to use <see cref="AccountEvent.Amount"/> in all.</summary>
    Forecast,

    /// <summary>A request, or a minute, used <see cref="AccountEvent.Amount"/> where <see cref="AccountEvent.Expected"/> is usual.</summary>
    Spiked,

    /// <summary>What <see cref="AccountEvent.Notice"/> told of is over.</summary>
    Recovered,
}

/// <summary>One thing that happened to an account; shared by partitions that are not tracked, or of one partition.</summary>
internal sealed record AccountEvent(
    AccountEventKind Kind, Account Account, AccountState State, decimal Threshold = 0, long Amount = 0, Refusal? Refusal = null, bool IsShared = false)
{
    /// <summary>What is told, or over.</summary>
    public NoticeKind Notice { get; init; }

    /// <summary>When what it tells of began, in ticks; 0 for a window without a beginning.</summary>
    public long Since { get; init; }

    /// <summary>How often the account was made ready to tell it again since then.</summary>
    public int Round { get; init; }

    /// <summary>Of a refusal that is told or over: that requests are throttled, not rejected.</summary>
    public bool Throttles { get; init; }

    /// <summary>What is usual, where a spike is told.</summary>
    public long Expected { get; init; }

    /// <summary>True where a minute is told of, and not a request.</summary>
    public bool IsMinute { get; init; }

    /// <summary>Whose request caused it; null where none did.</summary>
    public AccountSet? Cause { get; init; }

    /// <summary>When the money is gone at this rate, where a forecast is told; null if it is not.</summary>
    public DateTimeOffset? GoneBy { get; init; }
}

/// <summary>Listens to a tracker. Called outside its lock, on the thread that caused the event; must not block.</summary>
internal interface IAccountEvents
{
    void Occurred(AccountEvent accountEvent);
}
