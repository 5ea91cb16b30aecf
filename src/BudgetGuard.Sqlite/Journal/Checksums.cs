using System.IO.Hashing;
using BudgetGuard.Accounting;

namespace BudgetGuard.Sqlite;

/// <summary>
/// The checksum of a record covers everything in it that counts, so that one that was damaged, changed or swapped is found; the sum over all records finds one that
/// is missing, doubled or old. They guard against accidents, not against somebody who computes them anew.
/// </summary>
internal sealed class Checksums
{
    private readonly RecordWriter _record = new();

    public ulong Of(long id, string name, byte[] details)
    {
        _record.Clear();
        _record.Add(id);
        _record.Add(name);
        return Hash(details, 1);
    }

    public ulong Of(long id, long budget, AccountPlace place, long limit, in WindowFigures window, byte[] details)
    {
        _record.Clear();
        _record.Add(id);
        _record.Add(budget);
        _record.Add((int)place);
        _record.Add(limit);
        Add(window);
        return Hash(details, 2);
    }

    public ulong Of(long account, in WindowFigures window, byte[] details)
    {
        _record.Clear();
        _record.Add(account);
        Add(window);
        return Hash(details, 3);
    }

    public ulong Of(long slot, HoldState state, long at, byte[] details)
    {
        _record.Clear();
        _record.Add(slot);
        _record.Add((int)state);
        _record.Add(at);
        return Hash(details, 4);
    }

    public ulong Of(string claim, long until)
    {
        _record.Clear();
        _record.Add(claim);
        _record.Add(until);
        return Hash([], 5);
    }

    private void Add(in WindowFigures window)
    {
        _record.Add(window.Index);
        _record.Add(window.Start);
        _record.Add(window.End);
        _record.Add(window.Settled);
        _record.Add(window.Held);
        _record.Add(window.Debt);
    }

    private ulong Hash(byte[] details, long table) => XxHash64.HashToUInt64(details, (long)XxHash64.HashToUInt64(_record.Written, table));
}
