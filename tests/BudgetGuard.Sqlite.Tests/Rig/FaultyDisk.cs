using Microsoft.Data.Sqlite;

namespace BudgetGuard.Sqlite.Tests;

/// <summary>A disk that fails when it is told to: before a commit, or after one that came through all the same.</summary>
internal sealed class FaultyDisk
{
    public volatile bool IsFull;
    public volatile bool FailsAfterCommit;
    public volatile bool CannotOpen;

    /// <summary>What SQLite says when holds are read.</summary>
    public volatile int ReadingFails;

    /// <summary>What SQLite says when the log is worked into the file.</summary>
    public volatile int AcceptingFails;

    /// <summary>While set, commits wait for it.</summary>
    public volatile ManualResetEventSlim? Stuck;

    public int Commits;

    public IJournalFile Wrap(IJournalFile file)
    {
        if (CannotOpen)
        {
            file.Dispose();
            throw new IOException("The disk is gone.");
        }

        return new FaultyFile(file, this);
    }

    private sealed class FaultyFile(IJournalFile inner, FaultyDisk disk) : IJournalFile
    {
        public JournalHead ReadHead() => inner.ReadHead();

        public IEnumerable<BudgetRow> ReadBudgets() => inner.ReadBudgets();

        public IEnumerable<AccountRow> ReadAccounts() => inner.ReadAccounts();

        public IEnumerable<PastWindowRow> ReadPastWindows() => inner.ReadPastWindows();

        public IEnumerable<HoldRow> ReadHolds() => disk.ReadingFails is not 0 and var code ? throw new SqliteException("From the disk.", code) : inner.ReadHolds();

        public IEnumerable<ClaimRow> ReadClaims() => inner.ReadClaims();

        public void Accept()
        {
            if (disk.AcceptingFails is not 0 and var code)
            {
                throw new SqliteException("From the disk.", code);
            }

            inner.Accept();
        }

        public void Write(JournalBatch batch)
        {
            disk.Stuck?.Wait(TimeSpan.FromSeconds(30));
            if (disk.IsFull)
            {
                throw new IOException("The disk is full.");
            }

            inner.Write(batch);
            Interlocked.Increment(ref disk.Commits);
            if (disk.FailsAfterCommit)
            {
                throw new IOException("The answer of the disk was lost.");
            }
        }

        public void Dispose() => inner.Dispose();
    }
}
