namespace BudgetGuard.Sqlite;

/// <summary>What makes the journal write.</summary>
internal interface IJournalDriver : IAsyncDisposable
{
    /// <summary>Has it write what has changed.</summary>
    void Wake();

    /// <summary>Ends as a crash does: what is not written is lost.</summary>
    ValueTask CrashAsync();
}
