namespace BudgetGuard;

/// <summary>When what was decided counts as written.</summary>
public enum Durability
{
    /// <summary>
    /// A request goes on only when its hold is on the disk; a settlement is acknowledged only when it is. Nothing that was acknowledged is lost in a crash of the
    /// process, the system or the power, as far as the disk keeps what it has synced.
    /// </summary>
    Strict,

    /// <summary>
    /// Nobody waits for the disk. A crash of the process loses what came within the last commit, some milliseconds; a crash of the system or the power what came since
    /// the last checkpoint. Lost holds and settlements are not charged.
    /// </summary>
    Relaxed,
}

/// <summary>Where budgets are kept. Also the section <c>BudgetGuard:Sqlite</c>; what the program sets wins.</summary>
public sealed class SqliteStoreOptions
{
    /// <summary>The file, made if it is missing; relative to the working directory. Its folder must exist. Default: <c>budgetguard.db</c>.</summary>
    public string Path { get; set; } = "budgetguard.db";

    /// <summary>When what was decided counts as written. Default: <see cref="Durability.Strict"/>.</summary>
    public Durability Durability { get; set; } = Durability.Strict;
}
