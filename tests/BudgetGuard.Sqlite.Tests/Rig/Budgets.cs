namespace BudgetGuard.Sqlite.Tests;

/// <summary>Budgets to try things on.</summary>
internal static class Budgets
{
    public static readonly TimeSpan Ttl = TimeSpan.FromMinutes(10);

    public static BudgetTerms Terms(
        string name, BudgetPeriod period = BudgetPeriod.Day, BudgetUnit unit = BudgetUnit.Usd, bool carryDebt = false, TimeSpan? rolling = null, int most = 1_000) => new()
    {
        Name = name,
        Unit = unit,
        Window = new WindowSpec(rolling is null ? period : BudgetPeriod.Total, TimeZoneInfo.Utc, rolling),
        Per = ["User"],
        CarryDebt = carryDebt,
        AlertAt = [0.5m, 0.9m],
        MaxTrackedPartitions = most,
    };

    public static Account Of(BudgetTerms terms, string user, long limit = 1_000) => new(terms, [user], limit);

    public static AccountSet Set(params Account[] accounts) => new([.. accounts]);

    public static Charge Nanos(long nanos) => new(Money.FromNanos(nanos), nanos, 1);

    public static HoldRequest Hold(AccountSet set, long nanos, HoldId id = default) => new(set, Nanos(nanos), Ttl, id);

    public static async Task<Hold> HeldAsync(this ICostTracker tracker, AccountSet set, long nanos, HoldId id = default)
    {
        HoldResult result = await tracker.HoldAsync(Hold(set, nanos, id), CancellationToken.None);
        Assert.Equal(HoldOutcome.Held, result.Outcome);
        return result.Hold;
    }

    public static async Task<AccountState> StateAsync(this ICostTracker tracker, Account account) => await tracker.ReadAsync(account, CancellationToken.None);
}
