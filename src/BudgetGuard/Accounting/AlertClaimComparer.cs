namespace BudgetGuard.Accounting;

/// <summary>Compares what a claim is for: the account by what tells it from others, and not how long the claim is remembered.</summary>
internal sealed class AlertClaimComparer : IEqualityComparer<AlertClaim>
{
    public static readonly AlertClaimComparer Instance = new();

    public bool Equals(AlertClaim? x, AlertClaim? y) =>
        ReferenceEquals(x, y)
        || (x is not null && y is not null
            && x.Type == y.Type
            && x.Subject == y.Subject
            && x.Threshold == y.Threshold
            && x.Round == y.Round
            && x.WindowStart?.UtcTicks == y.WindowStart?.UtcTicks
            && (ReferenceEquals(x.Account, y.Account) || (x.Account is not null && y.Account is not null && x.Account.Key.Equals(y.Account.Key))));

    // The rest seldom differs where these are the same.
    public int GetHashCode(AlertClaim obj) => HashCode.Combine(
        obj.Type, obj.Account?.Key.GetHashCode() ?? 0, obj.Subject, obj.Threshold, obj.WindowStart?.UtcTicks ?? 0);
}
