using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace BudgetGuard;

/// <summary>The identity of a hold: 128 bits, unique over processes.</summary>
/// <param name="High">A random prefix of the process that made it, or half of a hash.</param>
/// <param name="Low">A number unique within the prefix.</param>
public readonly record struct HoldId(ulong High, ulong Low)
{
    /// <summary>Makes an identity from any text, for example a job's name: half of its SHA-256.</summary>
    public static HoldId FromText(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return new HoldId(BinaryPrimitives.ReadUInt64BigEndian(hash), BinaryPrimitives.ReadUInt64BigEndian(hash[8..]));
    }
}

/// <summary>A request to hold an amount on several accounts: on all of them or on none.</summary>
/// <param name="Accounts">The accounts.</param>
/// <param name="Amount">What may be needed at most.</param>
/// <param name="Ttl">How long the hold lasts if nobody resolves it.</param>
/// <param name="Id">An identity the caller brings, which makes the request idempotent; default: the tracker makes one.</param>
public readonly record struct HoldRequest(AccountSet Accounts, Charge Amount, TimeSpan Ttl, HoldId Id = default)
{
    /// <summary>True if the identity was made for this request alone: where nobody knows what became of it, it may be given back.</summary>
    internal bool OwnsId { get; init; }
}

/// <summary>Money set aside on every account of a request until it is settled, released or expires.</summary>
/// <param name="Id">The hold's identity.</param>
/// <param name="Accounts">The accounts it is on.</param>
/// <param name="Amount">What is set aside.</param>
public readonly record struct Hold(HoldId Id, AccountSet Accounts, Charge Amount);

/// <summary>How an attempt to hold ended.</summary>
public enum HoldOutcome
{
    /// <summary>Every account admitted it; the amount is set aside.</summary>
    Held,

    /// <summary>At least one enforced account refused; nothing is set aside.</summary>
    Refused,

    /// <summary>The same identity was used before with another payload, or its hold is already over.</summary>
    Conflict,
}

/// <summary>The answer to an attempt to hold.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Hold">The hold, when <see cref="HoldOutcome.Held"/>.</param>
/// <param name="Refusals">Every account that refused, and those that would have but are not enforced; default when there are none.</param>
public readonly record struct HoldResult(HoldOutcome Outcome, Hold Hold, ImmutableArray<Refusal> Refusals)
{
    /// <summary>When held: the index of the account in US dollars with the least left, else 0.</summary>
    public int Tightest { get; init; }

    /// <summary>When held: what the account at <see cref="Tightest"/> has left after this hold, in its budget's unit.</summary>
    public long Remaining { get; init; }

    /// <summary>True if the same hold was taken before: whoever asked again does not own it, and does not give it back.</summary>
    internal bool IsRepeat { get; init; }
}

/// <summary>A hold that every account admitted, in as few words as that takes.</summary>
/// <param name="Id">The hold's identity.</param>
/// <param name="Tightest">As <see cref="HoldResult.Tightest"/>.</param>
/// <param name="Remaining">As <see cref="HoldResult.Remaining"/>.</param>
internal readonly record struct GrantedHold(HoldId Id, int Tightest, long Remaining);

/// <summary>Why one account refused an amount. Figures are in the budget's unit; nano-dollars for <see cref="BudgetUnit.Usd"/>.</summary>
public sealed record Refusal
{
    /// <summary>The account that refused.</summary>
    public required Account Account { get; init; }

    /// <summary>What was asked for.</summary>
    public required long Requested { get; init; }

    /// <summary>The account's figures at that moment.</summary>
    public required AccountState State { get; init; }

    /// <summary>The first instant at which the same amount would be admitted if nothing else changed; null if never.</summary>
    public required DateTimeOffset? RetryAt { get; init; }

    /// <summary>True if the amount would fit but for what other requests only hold: it is not gone yet.</summary>
    public required bool IsHeldByOthers { get; init; }

    /// <summary>True if the amount alone is more than the whole limit, so that no waiting helps.</summary>
    public required bool ExceedsLimit { get; init; }
}

/// <summary>The figures of an account in its current window, in the budget's unit; nano-dollars for <see cref="BudgetUnit.Usd"/>.</summary>
/// <param name="Settled">What was really used.</param>
/// <param name="Held">What is set aside for requests in flight.</param>
/// <param name="Debt">What the window before ended above its limit, when the budget carries debt.</param>
/// <param name="Limit">The limit.</param>
/// <param name="WindowStart">When the window began; null for a total.</param>
/// <param name="ResetsAt">When the window ends (for a rolling window: when the oldest use leaves it); null for a total or when nothing will leave.</param>
public readonly record struct AccountState(
    long Settled, long Held, long Debt, long Limit, DateTimeOffset? WindowStart, DateTimeOffset? ResetsAt)
{
    /// <summary>What is left: limit − settled − held − debt. Below zero after an overshoot.</summary>
    public long Available => Limit - Settled - Held - Debt;
}
