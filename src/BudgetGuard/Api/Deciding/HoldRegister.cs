namespace BudgetGuard.Api.Deciding;

/// <summary>
/// The holds that callers of the API know of. Each is kept for a day after it is over, and so many at most, the one that was over first going first; one that
/// is open is never forgotten: when there are only such, no more begin.
/// </summary>
internal sealed class HoldRegister(TimeProvider time)
{
    /// <summary>How many holds are known at most.</summary>
    public const int MostHolds = 100_000;

    /// <summary>How long a hold is known after it is over, so that what comes late still finds it.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromDays(1);

    // How many forgotten holds one call clears away at most.
    private const int Help = 16;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Caller, string Name), Entry> _byName = [];
    private readonly SortedSet<Entry> _byEnd = [];
    private long _made;

    /// <summary>How many holds are known.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _byId.Count;
            }
        }
    }

    /// <summary>Takes a new hold in.</summary>
    /// <param name="hold">The hold.</param>
    /// <param name="known">The one that the caller gave the same name before, whatever it is for; then nothing is taken in.</param>
    /// <returns>False where there is one, or where there is no room.</returns>
    public bool TryAdd(DecidedHold hold, out DecidedHold? known)
    {
        DateTimeOffset now = time.GetUtcNow();
        lock (_gate)
        {
            ForgetOld(now);
            if (hold.Name is { } name && _byName.TryGetValue((hold.Caller, name), out Entry? named))
            {
                known = named.Hold;
                return false;
            }

            known = null;
            if (_byId.Count >= MostHolds && !TryForgetOver(now))
            {
                return false;
            }

            var entry = new Entry(hold, hold.ExpiresAt, ++_made);
            _byId.Add(hold.Id, entry);
            _byEnd.Add(entry);
            if (hold.Name is not null)
            {
                _byName.Add((hold.Caller, hold.Name), entry);
            }

            return true;
        }
    }

    /// <summary>A hold of a caller; null if there is none, or it is another's.</summary>
    public DecidedHold? Find(string caller, string id)
    {
        DateTimeOffset now = time.GetUtcNow();
        lock (_gate)
        {
            ForgetOld(now);
            return _byId.TryGetValue(id, out Entry? entry) && string.Equals(entry.Hold.Caller, caller, StringComparison.Ordinal)
                && entry.End + Remembered > now
                ? entry.Hold
                : null;
        }
    }

    /// <summary>Notes when a hold is over: it ended now, or lasts longer than it was going to.</summary>
    public void EndsAt(DecidedHold hold, DateTimeOffset end)
    {
        lock (_gate)
        {
            if (_byId.TryGetValue(hold.Id, out Entry? entry))
            {
                _byEnd.Remove(entry);
                entry.End = end;
                _byEnd.Add(entry);
            }
        }
    }

    /// <summary>Forgets a hold that never began.</summary>
    public void Remove(DecidedHold hold)
    {
        lock (_gate)
        {
            if (_byId.TryGetValue(hold.Id, out Entry? entry))
            {
                Forget(entry);
            }
        }
    }

    private void ForgetOld(DateTimeOffset now)
    {
        for (int i = 0; i < Help && _byEnd.Min is { } first && first.End + Remembered <= now; i++)
        {
            Forget(first);
        }
    }

    private bool TryForgetOver(DateTimeOffset now)
    {
        if (_byEnd.Min is not { } first || first.End > now)
        {
            return false;
        }

        Forget(first);
        return true;
    }

    private void Forget(Entry entry)
    {
        _byEnd.Remove(entry);
        _byId.Remove(entry.Hold.Id);
        if (entry.Hold.Name is { } name)
        {
            _byName.Remove((entry.Hold.Caller, name));
        }
    }

    /// <summary>A hold in the order in which holds are over.</summary>
    private sealed class Entry(DecidedHold hold, DateTimeOffset end, long number) : IComparable<Entry>
    {
        private readonly long _number = number;

        public DecidedHold Hold { get; } = hold;

        public DateTimeOffset End { get; set; } = end;

        public int CompareTo(Entry? other)
        {
            int byEnd = End.CompareTo(other!.End);
            return byEnd != 0 ? byEnd : _number.CompareTo(other._number);
        }
    }
}
