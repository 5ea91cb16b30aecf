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

    /// <summary>What becomes of settings that may lose what was spent: eviction of keys, no persistence. Default: <see cref="RedisChecks.Warn"/>.</summary>
    public RedisChecks Checks { get; set; } = RedisChecks.Warn;
}
