namespace BudgetGuard.Accounting;

/// <summary>How what the tracker keeps is written down and found again.</summary>
internal sealed partial class InMemoryCostTracker
{
    /// <summary>Hands on what has changed since the last time; false if nothing has.</summary>
    public bool Collect(IChangeReader reader)
    {
        lock (_gate)
        {
            return _book.Collect(reader);
        }
    }

    /// <summary>Makes changes of what was handed on last, and could not be written.</summary>
    public void Uncollect()
    {
        lock (_gate)
        {
            _book.Uncollect();
        }
    }

    /// <summary>Rebuilds what was kept, before anybody uses the tracker; then ends the holds that nobody is left to end.</summary>
    public void Restore(Action<AccountRestoring> read)
    {
        var events = new EventBuffer(listener);
        lock (_gate)
        {
            _book.Restore(read, _clock.Now(), ref events);
        }

        events.Raise();
    }
}
