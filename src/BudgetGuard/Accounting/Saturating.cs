namespace BudgetGuard.Accounting;

/// <summary>Sums that stop at the end of the range instead of wrapping round: an amount that large is refused by every limit.</summary>
internal static class Saturating
{
    public static long Add(long left, long right)
    {
        long sum = unchecked(left + right);
        bool overflows = ((left ^ sum) & (right ^ sum)) < 0;
        return overflows ? (left < 0 ? long.MinValue : long.MaxValue) : sum;
    }

    public static Charge Add(in Charge left, in Charge right) => new(
        Money.FromNanos(Add(left.Cost.Nanos, right.Cost.Nanos)), Add(left.Tokens, right.Tokens), Add(left.Requests, right.Requests));
}
