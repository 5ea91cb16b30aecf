namespace BudgetGuard.Redis;

/// <summary>Instants as scripts have them: microseconds since 1970, the last of which stands for never.</summary>
internal static class RedisTime
{
    /// <summary>The largest number that scripts compute with.</summary>
    public const long Most = 9_007_199_254_740_991;

    private const long TicksPerMicrosecond = TimeSpan.TicksPerMicrosecond;

    public static long Of(long ticks) => ticks == long.MaxValue ? Most : Math.Clamp((ticks - DateTime.UnixEpoch.Ticks) / TicksPerMicrosecond, 0, Most);

    public static long TicksOf(long microseconds) =>
        microseconds >= Most ? long.MaxValue : Math.Min(DateTime.MaxValue.Ticks, DateTime.UnixEpoch.Ticks + (microseconds * TicksPerMicrosecond));

    public static DateTimeOffset? InstantOf(long microseconds) => microseconds >= Most ? null : new DateTimeOffset(TicksOf(microseconds), TimeSpan.Zero);
}
