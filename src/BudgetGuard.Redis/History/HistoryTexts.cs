using System.Collections.Immutable;
using System.Globalization;
using BudgetGuard.Accounting;
using BudgetGuard.Diagnostics;

namespace BudgetGuard.Redis;

/// <summary>How decisions and sums are written: as lists of texts, in which half a surrogate is one like any other.</summary>
internal static class HistoryTexts
{
    private const int DecisionParts = 8;
    private const int KeyParts = 3;

    public static string Of(in DecisionEntry entry) => AlertClaimText.ListOf(
    [
        Number(entry.At.UtcTicks), entry.User, entry.Operation, entry.Model, Number((int)entry.Kind), entry.Budget, Number(entry.Estimated.Nanos), entry.Reason,
    ]);

    public static string Of(in SpendKey key) => AlertClaimText.ListOf([key.User, key.Model, key.Operation, .. key.Budgets.Names]);

    /// <exception cref="InvalidDataException">It is something else.</exception>
    public static DecisionEntry ToDecision(string id, string text, string cost)
    {
        ImmutableArray<string?> parts = Parse(text, DecisionParts);
        return new DecisionEntry
        {
            Ticket = Number(id[(id.IndexOf(':', StringComparison.Ordinal) + 1)..]),
            At = new DateTimeOffset(Number(parts[0]), TimeSpan.Zero),
            User = parts[1],
            Operation = parts[2] ?? "",
            Model = parts[3],
            Kind = (DecisionKind)Number(parts[4]),
            Budget = parts[5],
            Estimated = Money.FromNanos(Number(parts[6])),
            Reason = parts[7],
            Cost = cost.Length > 0 ? Money.FromNanos(Number(cost)) : null,
        };
    }

    /// <exception cref="InvalidDataException">It is something else.</exception>
    public static SpendKey ToKey(string text)
    {
        ImmutableArray<string?> parts = Parse(text, KeyParts);
        ImmutableArray<string> budgets = [.. parts[KeyParts..].Select(static name => name ?? "")];
        return new SpendKey(parts[0], parts[1], parts[2], budgets.IsEmpty ? BudgetNames.None : BudgetNames.Of(budgets));
    }

    public static SpendSum ToSum(string text)
    {
        string[] parts = text.Split(' ');
        return parts.Length == 5
            ? new SpendSum { Requests = Number(parts[0]), Denied = Number(parts[1]), InputTokens = Number(parts[2]), OutputTokens = Number(parts[3]), CostNanos = Number(parts[4]) }
            : throw Bad();
    }

    private static ImmutableArray<string?> Parse(string text, int least) =>
        AlertClaimText.ParsePartition(text) is { } parts && parts.Length >= least ? parts : throw Bad();

    private static InvalidDataException Bad() => new("A record of the history cannot be read.");

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static long Number(string? text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : throw Bad();
}
