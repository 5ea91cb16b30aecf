namespace BudgetGuard.Accounting;

/// <summary>Collects what happens under the tracker's lock, to be told after it.</summary>
internal struct EventBuffer(IAccountEvents? listener)
{
    private List<AccountEvent>? _events;

    /// <summary>Whose request it is that makes accounts tell something; null where that is nobody's doing now, as when holds expire or a watcher looks.</summary>
    public AccountSet? Cause { get; set; }

    public readonly bool HasListener => listener is not null;

    public void Add(in AccountEvent accountEvent)
    {
        if (listener is not null)
        {
            (_events ??= new List<AccountEvent>(1)).Add(Cause is { } cause ? accountEvent with { Model = cause.Model, Operation = cause.Operation } : accountEvent);
        }
    }

    public readonly void Raise()
    {
        if (_events is null)
        {
            return;
        }

        foreach (AccountEvent accountEvent in _events)
        {
            listener!.Occurred(accountEvent);
        }
    }
}
