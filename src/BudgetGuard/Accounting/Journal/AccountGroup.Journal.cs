namespace BudgetGuard.Accounting;

internal sealed partial class AccountGroup
{
    /// <summary>What a store remembers of where it has this budget; owned by that store.</summary>
    public object? Kept { get; set; }

    public void Write(RecordWriter record)
    {
        KeptTerms.Write(Newest, record);
        record.Add(_schedule is not null);
        _schedule?.Write(record);
    }

    /// <summary>Takes on what was kept beside the terms, and the time the accounts had seen.</summary>
    public void Read(long latest, ref RecordReader record)
    {
        if (record.Bool())
        {
            (_schedule ?? throw RecordReader.Bad()).Read(ref record);
        }

        WindowAt(latest);
    }

    /// <summary>Takes in an account as it was kept.</summary>
    public AccountLedger Restore(Account account, AccountPlace place, in WindowFigures figures, ref RecordReader record)
    {
        AccountLedger ledger = AccountLedger.Read(this, _changes, account, place, ++_created << 32, figures, ref record);
        ledger.Current.MarkWritten();
        if (place == AccountPlace.Shared)
        {
            _overflow = _overflow is null ? ledger : throw RecordReader.Bad();
        }
        else if (place == AccountPlace.Own)
        {
            if (!_ledgers.TryAdd(account.Key, ledger))
            {
                throw RecordReader.Bad();
            }

            _order.Add(ledger);
        }

        return ledger;
    }
}
