using BudgetGuard.Accounting;

namespace BudgetGuard.Sqlite;

/// <summary>What the file says of itself as a whole.</summary>
/// <param name="Batch">The latest batch that was written.</param>
/// <param name="Latest">The latest instant the accounts had seen, in UTC ticks.</param>
/// <param name="Records">How many records there are.</param>
/// <param name="Checksum">The sum of their checksums.</param>
internal readonly record struct JournalHead(long Batch, long Latest, long Records, ulong Checksum);

internal readonly record struct BudgetRow(long Id, string Name, byte[] Details, ulong Checksum);

internal readonly record struct AccountRow(
    long Id, long Budget, string Partition, AccountPlace Place, long Limit, WindowFigures Window, byte[] Details, ulong Checksum);

internal readonly record struct PastWindowRow(long Account, WindowFigures Window, byte[] Details, ulong Checksum);

internal readonly record struct HoldRow(long Slot, HoldState State, long At, byte[] Details, ulong Checksum);

/// <param name="Claim">What was claimed.</param>
/// <param name="Until">When it may be forgotten, in UTC ticks.</param>
/// <param name="Checksum">Over both.</param>
internal readonly record struct ClaimRow(string Claim, long Until, ulong Checksum);
