namespace BudgetGuard.Redis;

/// <summary>The accounts of a request as a node that borrows knows them, with the parts it decided on last.</summary>
internal sealed class LeasedSet(LeaseBook book, LeasedAccount[] all)
{
    /// <summary>Whose it is: what one node has borrowed is nothing to another.</summary>
    public LeaseBook Book { get; } = book;

    public LeasedAccount[] All { get; } = all;

    /// <summary>The parts that <see cref="Local"/> is made of.</summary>
    public Lease[] Leases { get; private set; } = [];

    /// <summary>The accounts of this node that stand for them; null where some are missing.</summary>
    public AccountSet? Local { get; private set; }

    /// <summary>Counts a request; true if all accounts have so many that it is worth while to borrow from them.</summary>
    public bool Count(long timestamp, long frequency)
    {
        bool isHot = true;
        long second = timestamp / frequency;
        foreach (LeasedAccount account in All)
        {
            isHot &= account.Count(second);
        }

        return isHot;
    }

    /// <summary>True if all parts are still those in use.</summary>
    public bool IsCurrent()
    {
        for (int i = 0; i < Leases.Length; i++)
        {
            if (!ReferenceEquals(All[i].Current, Leases[i]))
            {
                return false;
            }
        }

        return Local is not null;
    }

    public void Use(Lease[] leases)
    {
        Leases = leases;
        Local = new AccountSet([.. leases.Select(static lease => lease.Local)]);
    }
}
