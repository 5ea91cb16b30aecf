using BudgetGuard.Accounting;

namespace BudgetGuard.Sqlite;

/// <summary>Where a budget is in the file.</summary>
internal sealed class KeptBudget(long id, ulong? checksum = null)
{
    /// <summary>That of its record; null while it has none.</summary>
    public ulong? Checksum = checksum;

    public long Id { get; } = id;
}

/// <summary>Where an account is in the file.</summary>
internal sealed class KeptAccount(long id, string partition, ulong? checksum = null)
{
    private static readonly List<KeptPast> _none = [];

    /// <summary>That of its record; null while it has none.</summary>
    public ulong? Checksum = checksum;

    public long Id { get; } = id;

    /// <summary>Its partition for people to read.</summary>
    public string Partition { get; } = partition;

    /// <summary>Its windows that are over, in the order of their numbers.</summary>
    public List<KeptPast> Past { get; private set; } = _none;

    public KeptPast PastOf(LedgerWindow window)
    {
        int i = Past.Count - 1;
        while (i >= 0 && Past[i].Window.Index > window.Index)
        {
            i--;
        }

        if (i >= 0 && ReferenceEquals(Past[i].Window, window))
        {
            return Past[i];
        }

        var added = new KeptPast(window);
        Past = ReferenceEquals(Past, _none) ? [] : Past;
        Past.Insert(i + 1, added);
        return added;
    }
}

/// <summary>Where a window is in the file that is over.</summary>
internal sealed class KeptPast(LedgerWindow window, ulong? checksum = null)
{
    /// <summary>That of its record; null while it has none.</summary>
    public ulong? Checksum = checksum;

    public LedgerWindow Window { get; } = window;

    public bool IsChanged { get; set; }
}
