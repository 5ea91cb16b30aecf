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
}

/// <summary>One thing that happened to an account; shared by partitions that are not tracked, or of one partition.</summary>
internal readonly record struct AccountEvent(
    AccountEventKind Kind, Account Account, AccountState State, decimal Threshold = 0, long Amount = 0, Refusal? Refusal = null, bool IsShared = false);

/// <summary>Listens to a tracker. Called outside its lock, on the thread that caused the event; must not block.</summary>
internal interface IAccountEvents
{
    void Occurred(in AccountEvent accountEvent);
}
