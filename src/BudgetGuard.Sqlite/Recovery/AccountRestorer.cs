using System.Collections.Immutable;
using BudgetGuard.Accounting;
using Microsoft.Data.Sqlite;

namespace BudgetGuard.Sqlite;

/// <summary>
/// Rebuilds the accounts from the file. It believes nothing: every record has its checksum, all records have the sum the head tells, and what each window holds is
/// what its open holds hold. Anything else is refused, and the file left as it is.
/// </summary>
internal sealed class AccountRestorer(IJournalFile file, BatchMaker maker, string path)
{
    private readonly Checksums _checksums = new();
    private readonly Dictionary<long, AccountGroup> _budgets = [];
    private readonly Dictionary<long, AccountLedger> _accounts = [];
    private readonly Dictionary<(long Account, long Window), LedgerWindow> _past = [];
    private readonly Dictionary<LedgerWindow, long> _held = [];
    private ulong _sum;
    private long _records;

    /// <summary>How many accounts there are.</summary>
    public int Accounts => _accounts.Count;

    /// <summary>How many holds were open.</summary>
    public int OpenHolds { get; private set; }

    /// <summary>What was claimed.</summary>
    public List<ClaimRow> Claims { get; } = [];

    /// <exception cref="InvalidDataException">The file is damaged, or its parts do not fit together.</exception>
    public void Restore(AccountRestoring restoring)
    {
        try
        {
            JournalHead head = file.ReadHead();
            maker.StartFrom(head, lastBudget: ReadBudgets(restoring, head.Latest), lastAccount: ReadAccounts());
            ReadPastWindows();
            ReadHolds(restoring);
            ReadClaims();
            CheckHeld();
            if (_records != head.Records || _sum != head.Checksum)
            {
                throw Damaged($"it has {_records} records where {head.Records} were written, or some that are old");
            }
        }
        catch (TimeZoneNotFoundException failure)
        {
            throw new InvalidDataException($"'{path}' has a budget in a time zone this machine does not know: {failure.Message}", failure);
        }
        catch (SqliteException failure) when (!JournalOpening.IsDamage(failure))
        {
            throw new IOException($"'{path}' cannot be read: {failure.Message}", failure);
        }
        catch (Exception failure) when (failure is SqliteException or InvalidCastException or InvalidOperationException or FormatException or ArgumentException or KeyNotFoundException
            || (failure is InvalidDataException && !failure.Message.StartsWith($"'{path}'", StringComparison.Ordinal)))
        {
            throw Damaged(failure.Message, failure);
        }
    }

    private InvalidDataException Damaged(string why, Exception? cause = null) => new(
        $"'{path}' is damaged: {why}. It was left as it is. Restore it from a backup, or move it away to begin without what was spent.", cause);

    private void Count(ulong checksum, ulong found, string what)
    {
        if (checksum != found)
        {
            throw Damaged($"the record of {what} is not as it was written");
        }

        _records++;
        _sum += checksum;
    }

    private long ReadBudgets(AccountRestoring restoring, long latest)
    {
        long last = 0;
        foreach (BudgetRow row in file.ReadBudgets())
        {
            Count(row.Checksum, _checksums.Of(row.Id, row.Name, row.Details), $"the budget {row.Name}");
            var record = new RecordReader(row.Details);
            AccountGroup group = restoring.Budget(latest, ref record);
            group.Kept = new KeptBudget(row.Id, row.Checksum);
            _budgets.Add(row.Id, group);
            last = row.Id;
        }

        return last;
    }

    private long ReadAccounts()
    {
        long last = 0;
        foreach (AccountRow row in file.ReadAccounts())
        {
            Count(row.Checksum, _checksums.Of(row.Id, row.Budget, row.Place, row.Limit, row.Window, row.Details), $"the account {row.Id}");
            var record = new RecordReader(row.Details);
            AccountLedger ledger = AccountRestoring.Account(_budgets[row.Budget], Partition(ref record), row.Limit, row.Place, row.Window, ref record);
            ledger.Kept = new KeptAccount(row.Id, row.Partition, row.Checksum);
            _accounts.Add(row.Id, ledger);
            if (row.Place == AccountPlace.Left)
            {
                maker.Look(ledger);
            }

            Expect(ledger.Current);
            last = row.Id;
        }

        return last;
    }

    private static ImmutableArray<string?> Partition(ref RecordReader record)
    {
        var values = new string?[record.Count()];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = record.Text();
        }

        return ImmutableArray.Create(values);
    }

    private void ReadPastWindows()
    {
        List<LedgerWindow> windows = [];
        foreach (PastWindowRow row in file.ReadPastWindows())
        {
            Count(row.Checksum, _checksums.Of(row.Account, row.Window, row.Details), $"a window of the account {row.Account}");
            AccountLedger ledger = _accounts[row.Account];
            var record = new RecordReader(row.Details);
            LedgerWindow window = AccountRestoring.Past(ledger, row.Window, ref record);
            ((KeptAccount)ledger.Kept!).PastOf(window).Checksum = row.Checksum;
            _past.Add((row.Account, row.Window.Index), window);
            if (windows.Count > 0 && !ReferenceEquals(windows[0].Ledger, ledger))
            {
                AccountRestoring.LinkPast(windows[0].Ledger, windows);
                windows = [];
            }

            windows.Add(window);
            maker.Look(ledger);
            Expect(window);
        }

        if (windows.Count > 0)
        {
            AccountRestoring.LinkPast(windows[0].Ledger, windows);
        }
    }

    private void ReadHolds(AccountRestoring restoring)
    {
        foreach (HoldRow row in file.ReadHolds())
        {
            Count(row.Checksum, _checksums.Of(row.Slot, row.State, row.At, row.Details), $"the hold {row.Slot}");

            // They get other slots in this process, and are written anew.
            maker.Remove(row.Checksum);
            var record = new RecordReader(row.Details);
            var id = new HoldId(record.Fixed(), record.Fixed());
            Charge asked = Charge(ref record);
            Charge amount = Charge(ref record);
            var entries = new KeptEntry[record.Count()];
            for (int i = 0; i < entries.Length; i++)
            {
                AccountLedger ledger = _accounts[record.Long()];
                long window = record.Long();
                entries[i] = new KeptEntry(
                    ledger.Current.Index == window ? ledger.Current : _past[(((KeptAccount)ledger.Kept!).Id, window)], record.Long(), record.Long(), record.Long());
                _held[entries[i].Window] -= row.State == HoldState.Held && entries[i].Window.Counts(Entry(entries[i])) ? entries[i].Held : 0;
            }

            OpenHolds += row.State == HoldState.Held ? 1 : 0;
            restoring.Hold(id, row.State, row.At, asked, amount, entries);
        }
    }

    private static HoldEntry Entry(in KeptEntry entry) => new() { Window = entry.Window, Slice = entry.Slice, Held = entry.Held, Settled = entry.Settled };

    private static Charge Charge(ref RecordReader record) => new(Money.FromNanos(record.Long()), record.Long(), record.Long());

    private void ReadClaims()
    {
        foreach (ClaimRow row in file.ReadClaims())
        {
            Count(row.Checksum, _checksums.Of(row.Claim, row.Until), "an alert's claim");
            Claims.Add(row);
        }
    }

    private void Expect(LedgerWindow window) => _held.Add(window, window.Held);

    private void CheckHeld()
    {
        foreach ((LedgerWindow window, long left) in _held)
        {
            if (left != 0)
            {
                throw Damaged($"the account {((KeptAccount)window.Ledger.Kept!).Id} holds {window.Held}, its open holds {window.Held - left}");
            }
        }
    }
}
