namespace BudgetGuard.Redis;

/// <summary>
/// A part of an account that this node has borrowed: for all others it is held. The node may spend it until a while before the hold would end, by its own steady clock and
/// counted from before it asked; then, and when its window is over, it spends no more of it.
/// </summary>
internal sealed class Lease(LeasedAccount account, Hold hold, Account local, long left, long usableUntil, long windowEnd, long windowUntil)
{
    public LeasedAccount Account { get; } = account;

    /// <summary>The hold it is for all others.</summary>
    public Hold Hold { get; } = hold;

    /// <summary>The account that it is in this node, with what was borrowed as its limit.</summary>
    public Account Local { get; } = local;

    /// <summary>What the shared account had left when it was borrowed.</summary>
    public long Left { get; } = left;

    /// <summary>Until when it may be spent, by the steady clock.</summary>
    public long UsableUntil { get; set; } = usableUntil;

    /// <summary>When the window ends whose money it is, in ticks of the server's clock.</summary>
    public long WindowEnd { get; } = windowEnd;

    /// <summary>When a hold was last taken on it, by the steady clock.</summary>
    public long LastUsed { get; set; }

    /// <summary>True once nothing more is taken on it.</summary>
    public bool IsClosed { get; set; }

    /// <summary>What was told last: kept and spent.</summary>
    public (long Kept, long Spent) Told { get; set; } = (local.Limit, 0);

    /// <summary>True if a hold may be taken on it; the steady clock is asked alone, by which its window ends as well.</summary>
    public bool IsUsable(long timestamp) => !IsClosed && timestamp < UsableUntil && timestamp < windowUntil;
}
