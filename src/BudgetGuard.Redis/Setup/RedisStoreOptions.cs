namespace BudgetGuard;

/// <summary>What becomes of a Redis whose settings may lose what was spent.</summary>
public enum RedisChecks
{
    /// <summary>It is told in the log.</summary>
    Warn,

    /// <summary>It stops the start.</summary>
    Error,

    /// <summary>Nobody looks.</summary>
    Off,
}

/// <summary>Where budgets are shared. Also the section <c>BudgetGuard:Redis</c>; what the program sets wins.</summary>
public sealed class RedisStoreOptions
{
    /// <summary>The server, as StackExchange.Redis writes it: <c>host:port,password=…,ssl=true</c>. Default: <c>localhost:6379</c>.</summary>
    public string ConnectionString { get; set; } = "localhost:6379";

    /// <summary>
    /// Whose budgets they are: nodes with the same name share them. Letters, digits, <c>-</c>, <c>_</c> and <c>.</c>, at most 64. All keys of one name are in one hash slot.
    /// Default: <c>main</c>.
    /// </summary>
    public string Tree { get; set; } = "main";

    /// <summary>
    /// True: a node that has much to decide borrows a part of an account and decides by itself until it is used up or given back. Exact all the same, and it goes on while
    /// Redis is away; but what is borrowed shows as held. Default: false; the gateway's is true.
    /// </summary>
    public bool Leases { get; set; }

    /// <summary>What becomes of settings that may lose what was spent: eviction of keys, no persistence. Default: <see cref="RedisChecks.Warn"/>.</summary>
    public RedisChecks Checks { get; set; } = RedisChecks.Warn;
}
