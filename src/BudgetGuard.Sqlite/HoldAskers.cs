namespace BudgetGuard.Sqlite;

/// <summary>
/// Who waits for holds with an id of their caller's to be written. Several may wait for the same one; who gives up gives it back only if nobody else has it or still
/// waits for it, else a request would go on whose hold is gone.
/// </summary>
internal sealed class HoldAskers
{
    private readonly Lock _gate = new();
    private readonly Dictionary<HoldId, Wait> _waits = [];

    /// <summary>Before somebody asks for a hold.</summary>
    public void Enter(HoldId id)
    {
        if (id == default)
        {
            return;
        }

        lock (_gate)
        {
            if (!_waits.TryGetValue(id, out Wait? wait))
            {
                _waits.Add(id, wait = new Wait());
            }

            wait.Count++;
        }
    }

    /// <summary>When it is told that it has the hold.</summary>
    public void Have(HoldId id)
    {
        if (id != default)
        {
            Leave(id, isNew: false, hasIt: true);
        }
    }

    /// <summary>When it has no hold after all.</summary>
    /// <param name="id">That of the hold.</param>
    /// <param name="isNew">True if nobody had it before who is not waiting.</param>
    /// <param name="giveBack">Gives it back; done before anybody else may ask for it.</param>
    public void GiveUp(HoldId id, bool isNew, Action giveBack)
    {
        if (id == default)
        {
            if (isNew)
            {
                giveBack();
            }

            return;
        }

        lock (_gate)
        {
            if (Leave(id, isNew, hasIt: false))
            {
                giveBack();
            }
        }
    }

    private bool Leave(HoldId id, bool isNew, bool hasIt)
    {
        lock (_gate)
        {
            Wait wait = _waits[id];
            wait.IsNew |= isNew;
            wait.IsHad |= hasIt;
            if (--wait.Count > 0)
            {
                return false;
            }

            _waits.Remove(id);
            return wait is { IsNew: true, IsHad: false };
        }
    }

    private sealed class Wait
    {
        public int Count { get; set; }

        public bool IsNew { get; set; }

        public bool IsHad { get; set; }
    }
}
