namespace BudgetGuard.Accounting;

/// <summary>Collects what happens under the tracker's lock, to be told after it.</summary>
internal struct EventBuffer(IAccountEvents? listener)
{
    private AccountEvent? _first;
    private List<AccountEvent>? _more;

    /// <summary>Whose request it is that makes accounts tell something; null where that is nobody's doing now, as when holds expire or a watcher looks.</summary>
    public AccountSet? Cause { get; set; }

    public readonly bool HasListener => listener is not null;

    public void Add(AccountEvent accountEvent)
    {
        if (listener is null)
        {
            return;
        }

        if (_first is null)
        {
            _first = accountEvent;
        }
        else
        {
            (_more ??= []).Add(accountEvent);
        }
    }

    public readonly void Raise()
    {
        if (_first is null)
        {
            return;
        }

        listener!.Occurred(_first);
        foreach (AccountEvent accountEvent in _more ?? [])
        {
            listener.Occurred(accountEvent);
        }
    }
}
