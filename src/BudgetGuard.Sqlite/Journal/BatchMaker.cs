using System.Runtime.InteropServices;
using BudgetGuard.Accounting;

namespace BudgetGuard.Sqlite;

/// <summary>
/// Makes records of what has changed. Called under the tracker's lock, so that a batch is one state; it copies and computes, and waits for nothing.
/// Sum and number of the records are those of the file after the batch.
/// </summary>
internal sealed partial class BatchMaker : IChangeReader
{
    private readonly Checksums _checksums = new();
    private readonly RecordWriter _record = new();
    private readonly List<KeptHold> _holds = [];
    private readonly HashSet<AccountLedger> _touched = [];
    private ulong _sum;
    private long _records;
    private long _lastBudget;
    private long _lastAccount;
    private long _batch;
    private long _latest;

    public JournalBatch Batch { get; } = new();

    /// <summary>Begins where a file ends, whose holds get other slots and are written anew.</summary>
    public void StartFrom(in JournalHead head, long lastBudget, long lastAccount)
    {
        (_batch, _latest, _records, _sum) = (head.Batch, head.Latest, head.Records, head.Checksum);
        (_lastBudget, _lastAccount) = (lastBudget, lastAccount);
        Batch.Head = head;
        Batch.ClearsHolds = true;
    }

    /// <summary>Takes a record out of the sum.</summary>
    public void Remove(ulong checksum)
    {
        _records--;
        _sum -= checksum;
    }

    public void Read(AccountChanges changes, HoldSlab holds, long latest)
    {
        _latest = Math.Max(_latest, latest);
        foreach (AccountGroup group in changes.Groups)
        {
            Put(group);
        }

        foreach (int index in changes.Holds)
        {
            Put(index, ref holds[index], isRemembered: holds[index].State != HoldState.Settled || !holds.IsOwn(holds[index].Id));
        }

        foreach (LedgerWindow window in changes.Windows)
        {
            Put(window);
        }

        foreach (AccountLedger ledger in _touched)
        {
            Trim(ledger);
        }

        _touched.Clear();
    }

    /// <summary>Adds what became of a claim.</summary>
    public void Put(string claim, long? until, ulong? before)
    {
        if (before is { } known)
        {
            Remove(known);
        }

        ulong checksum = _checksums.Of(claim, until ?? 0);
        if (until is not null)
        {
            Add(checksum);
        }

        Batch.Claims[claim] = until is { } end ? new ClaimRow(claim, end, checksum) : null;
    }

    public ulong ChecksumOf(string claim, long until) => _checksums.Of(claim, until);

    /// <summary>Ends the batch: from now on it is to be written.</summary>
    public void Close() => Batch.Head = new JournalHead(++_batch, _latest, _records, _sum);

    private void Add(ulong checksum)
    {
        _records++;
        _sum += checksum;
    }

    private void Put(AccountGroup group)
    {
        KeptBudget kept = KeptOf(group);
        _record.Clear();
        group.Write(_record);
        byte[] details = _record.ToArray();
        Replace(ref kept.Checksum, _checksums.Of(kept.Id, group.Newest.Name, details));
        Batch.Budgets.Add(new BudgetRow(kept.Id, group.Newest.Name, details, kept.Checksum!.Value));
    }

    private void Put(int index, ref HoldSlot slot, bool isRemembered)
    {
        while (_holds.Count <= index)
        {
            _holds.Add(default);
        }

        ref KeptHold kept = ref CollectionsMarshal.AsSpan(_holds)[index];
        LedgerWindow[]? before = kept.Windows;
        if (isRemembered)
        {
            kept.Windows = WindowsOf(slot, before);
            foreach (LedgerWindow window in kept.Windows)
            {
                window.Holders++;
            }

            byte[] details = DetailsOf(slot);
            Replace(ref kept.Checksum, _checksums.Of(index, slot.State, slot.At, details));
            Batch.Holds.Add(new HoldRow(index, slot.State, slot.At, details, kept.Checksum!.Value));
        }
        else
        {
            kept.Windows = null;
            if (kept.Checksum is { } known)
            {
                Batch.GoneHolds.Add(index);
                Remove(known);
                kept.Checksum = null;
            }
        }

        foreach (LedgerWindow window in before ?? [])
        {
            if (--window.Holders == 0)
            {
                _touched.Add(window.Ledger);
            }
        }
    }

    private static LedgerWindow[] WindowsOf(in HoldSlot slot, LedgerWindow[]? before)
    {
        Span<HoldEntry> entries = slot.Used;
        if (before is not null && before.Length == entries.Length)
        {
            int same = 0;
            while (same < entries.Length && ReferenceEquals(entries[same].Window, before[same]))
            {
                same++;
            }

            if (same == entries.Length)
            {
                return before;
            }
        }

        var windows = new LedgerWindow[entries.Length];
        for (int i = 0; i < entries.Length; i++)
        {
            windows[i] = entries[i].Window;
        }

        return windows;
    }

    private byte[] DetailsOf(in HoldSlot slot)
    {
        _record.Clear();
        _record.Add(slot.Id.High);
        _record.Add(slot.Id.Low);
        Add(slot.Asked);
        Add(slot.Amount);
        _record.Add(slot.Count);
        foreach (ref readonly HoldEntry entry in slot.Used)
        {
            _record.Add(KeptOf(entry.Window.Ledger).Id);
            _record.Add(entry.Window.Index);
            _record.Add(entry.Slice);
            _record.Add(entry.Held);
            _record.Add(entry.Settled);
        }

        return _record.ToArray();
    }

    private void Add(in Charge charge)
    {
        _record.Add(charge.Cost.Nanos);
        _record.Add(charge.Tokens);
        _record.Add(charge.Requests);
    }

    private void Put(LedgerWindow window)
    {
        AccountLedger ledger = window.Ledger;
        if (ReferenceEquals(window, ledger.Current))
        {
            if (ledger.IsEvicted)
            {
                _touched.Add(ledger);
            }
            else
            {
                Put(ledger, ledger.IsOverflow ? AccountPlace.Shared : AccountPlace.Own);
            }

            return;
        }

        KeptOf(ledger).PastOf(window).IsChanged = true;
        _touched.Add(ledger);
    }

    private void Put(AccountLedger ledger, AccountPlace place)
    {
        KeptAccount kept = KeptOf(ledger);
        _record.Clear();
        _record.Add(ledger.Configured.Key.Partition.Length);
        foreach (string? value in ledger.Configured.Key.Partition)
        {
            _record.Add(value);
        }

        ledger.Write(_record);
        byte[] details = _record.ToArray();
        long budget = KeptOf(ledger.Group).Id;
        long limit = ledger.Configured.Limit;
        WindowFigures figures = ledger.Current.Figures;
        Replace(ref kept.Checksum, _checksums.Of(kept.Id, budget, place, limit, figures, details));
        Batch.Accounts.Add(new AccountRow(kept.Id, budget, kept.Partition, place, limit, figures, details, kept.Checksum!.Value));
    }

    private void Replace(ref ulong? known, ulong checksum)
    {
        if (known is { } before)
        {
            Remove(before);
        }

        Add(checksum);
        known = checksum;
    }

    private KeptBudget KeptOf(AccountGroup group) => (KeptBudget)(group.Kept ??= new KeptBudget(++_lastBudget));

    private KeptAccount KeptOf(AccountLedger ledger) =>
        (KeptAccount)(ledger.Kept ??= new KeptAccount(++_lastAccount, string.Join(", ", ledger.Configured.Key.Partition)));

    private struct KeptHold
    {
        public LedgerWindow[]? Windows;
        public ulong? Checksum;
    }
}
