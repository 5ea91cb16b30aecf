namespace BudgetGuard.Redis;

/// <summary>What scripts can count: they compute with doubles, which are exact below 2^53.</summary>
internal static class RedisLimits
{
    /// <summary>The highest limit of a budget, in its unit; nano-dollars for US dollars, which makes nine million dollars.</summary>
    public const long Most = 9_000_000_000_000_000;
}
