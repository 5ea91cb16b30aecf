using System.Collections.Immutable;

namespace BudgetGuard.Metering;

/// <summary>The answer to a stream that wants to hold more.</summary>
/// <param name="IsGranted">True if it was held, or nobody counts it.</param>
/// <param name="Refusals">The accounts that refused; empty where it was the store that failed.</param>
/// <param name="IsOver">True if the hold had ended before.</param>
internal readonly record struct HoldExtension(bool IsGranted, ImmutableArray<Refusal> Refusals, bool IsOver = false)
{
    /// <summary>As <see cref="HoldResult.Tightest"/>.</summary>
    public int Tightest { get; init; }

    /// <summary>As <see cref="HoldResult.Remaining"/>.</summary>
    public long Remaining { get; init; }

    public static HoldExtension Granted => new(true, []);

    public static HoldExtension Over => new(false, [], IsOver: true);

    public static HoldExtension Failed => new(false, []);
}
