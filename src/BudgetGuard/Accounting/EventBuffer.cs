namespace BudgetGuard.Accounting;

/// <summary>Collects what happens under the tracker's lock, to be told after it.</summary>
internal struct EventBuffer(IAccountEvents? listener)
{
    private List<AccountEvent>? _events;

    public readonly bool HasListener => listener is not null;

    public void Add(in AccountEvent accountEvent)
    {
        if (listener is not null)
        {
            (_events ??= []).Add(accountEvent);
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
