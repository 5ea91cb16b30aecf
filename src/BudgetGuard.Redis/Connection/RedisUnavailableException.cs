namespace BudgetGuard.Redis;

/// <summary>Redis did not answer.</summary>
internal sealed class RedisUnavailableException(string message, bool wasSent, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>False if the command certainly did not reach Redis.</summary>
    public bool WasSent { get; } = wasSent;
}
