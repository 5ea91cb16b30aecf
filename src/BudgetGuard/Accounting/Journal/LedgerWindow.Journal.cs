namespace BudgetGuard.Accounting;

/// <summary>The figures of a window as they are kept.</summary>
internal readonly record struct WindowFigures(long Index, long Start, long End, long Settled, long Held, long Debt);

internal sealed partial class LedgerWindow
{
    // False as well where nobody writes changes down: then nothing is noted.
    private bool _isWritten;

    /// <summary>How many of the holds that are written down were taken in it; counted by whoever writes.</summary>
    public int Holders { get; set; }

    public WindowFigures Figures => new(Index, Start, End, Settled, Held, Debt);

    /// <summary>Notes that it has changed, once until it is written down.</summary>
    public void Touch()
    {
        if (_isWritten)
        {
            _isWritten = false;
            Ledger.Changes!.Add(this);
        }
    }

    public void MarkWritten() => _isWritten = Ledger.Changes is not null;

    public void Write(RecordWriter record)
    {
        record.Add(FinalLimit);
        record.Add(LaterLimit);
        record.Add(TopUpEnds);
        record.Add(RecoverBelow);
        record.Add(Slices is not null);
        Slices?.Write(record);
        record.Add(Notices is not null);
        Notices?.Write(record);
    }

    /// <summary>A window as it was kept.</summary>
    public static LedgerWindow Read(AccountLedger ledger, in WindowFigures figures, long? rollingLength, ref RecordReader record)
    {
        long finalLimit = record.Long();
        long laterLimit = record.Long();
        long topUpEnds = record.Long();
        long recoverBelow = record.Long();
        RollingSlices? slices = null;
        if (record.Bool())
        {
            slices = new RollingSlices(rollingLength ?? throw RecordReader.Bad());
            slices.Read(ref record);
        }

        WindowNotices? notices = record.Bool() ? WindowNotices.Read(ref record) : null;
        return new LedgerWindow(ledger, new CalendarWindow(figures.Index, figures.Start, figures.End), slices)
        {
            FinalLimit = finalLimit,
            LaterLimit = laterLimit,
            TopUpEnds = topUpEnds,
            RecoverBelow = recoverBelow,
            Notices = notices,
            Settled = figures.Settled,
            Held = figures.Held,
            Debt = figures.Debt,
        };
    }
}
