namespace BudgetGuard.Sqlite;

/// <summary>The file, as the journal needs it. Used by one thread at a time.</summary>
internal interface IJournalFile : IDisposable
{
    /// <summary>What the file says of itself.</summary>
    JournalHead ReadHead();

    IEnumerable<BudgetRow> ReadBudgets();

    IEnumerable<AccountRow> ReadAccounts();

    /// <summary>In the order of their accounts and numbers.</summary>
    IEnumerable<PastWindowRow> ReadPastWindows();

    /// <summary>In the order of <see cref="HoldRow.At"/>.</summary>
    IEnumerable<HoldRow> ReadHolds();

    /// <summary>In the order of <see cref="ClaimRow.Until"/>.</summary>
    IEnumerable<ClaimRow> ReadClaims();

    /// <summary>Writes a batch whole or not at all; when it returns, the batch is as durable as the file's setting says.</summary>
    void Write(JournalBatch batch);

    /// <summary>Allows the file to be changed beyond what is written, once it is known to be good.</summary>
    void Accept();
}

/// <summary>Puts something between the store and its file: a disk that is slow, or fails. A service that only tests add.</summary>
internal delegate IJournalFile JournalLayer(IJournalFile file);
