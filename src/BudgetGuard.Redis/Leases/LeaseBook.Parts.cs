namespace BudgetGuard.Redis;

/// <summary>The parts that come and go.</summary>
internal sealed partial class LeaseBook
{
    // So many accounts are remembered without looking if they are still asked for.
    private const int FewAccounts = 1_024;

    private const int ForgetAfterSeconds = 60;

    /// <summary>All parts there are, also those that are closed and have holds left.</summary>
    public Lease[] All
    {
        get
        {
            lock (_gate)
            {
                return [.. _leases];
            }
        }
    }

    /// <summary>Adds a part that was borrowed.</summary>
    public void Add(Lease lease)
    {
        lock (_gate)
        {
            _leases.Add(lease);
            LeasedAccount account = lease.Account;
            (account.Left, account.LeftAt) = (lease.Left, time.GetTimestamp());
            if (account.Current is null or { IsClosed: true })
            {
                account.Current = lease;
            }
            else
            {
                account.Next = lease;
            }
        }
    }

    /// <summary>From now on nothing is taken on a part.</summary>
    public void Close(Lease lease)
    {
        lock (_gate)
        {
            Shut(lease);
            LeasedAccount account = lease.Account;
            if (ReferenceEquals(account.Next, lease))
            {
                account.Next = null;
            }

            if (ReferenceEquals(account.Current, lease))
            {
                (account.Current, account.Next) = (account.Next, null);
            }
        }
    }

    /// <summary>What a part has, and if it is closed: then it never has more; false where it was taken out.</summary>
    public bool TryRead(Lease lease, out AccountState state, out bool isClosed)
    {
        lock (_gate)
        {
            isClosed = lease.IsClosed;
            state = local.Read(lease.Local);
            return _leases.Contains(lease);
        }
    }

    /// <summary>Takes a closed part out on which nothing is held, or whatever is; false if it stays, or somebody else took it out.</summary>
    public bool TryRemove(Lease lease, bool evenHeld, out AccountState last)
    {
        lock (_gate)
        {
            last = default;
            return lease.IsClosed && _leases.Contains(lease) && local.TryDrop(lease.Local, evenHeld, out last) && _leases.Remove(lease);
        }
    }

    public bool Has(Lease lease)
    {
        lock (_gate)
        {
            return _leases.Contains(lease);
        }
    }

    /// <summary>What an account had left when that was last told; null where that is too long ago to go by.</summary>
    public long? LeftOf(LeasedAccount account)
    {
        lock (_gate)
        {
            return time.GetElapsedTime(account.LeftAt) < TimeSpan.FromSeconds(1) ? account.Left : null;
        }
    }

    public void LeftIsUnknown(LeasedAccount account)
    {
        lock (_gate)
        {
            account.Left = null;
        }
    }

    /// <summary>The parts of some accounts on which something is left to give back.</summary>
    public Lease[] OpenOf(AccountSet set)
    {
        RedisAccounts accounts = direct.AccountsOf(set);
        lock (_gate)
        {
            return [.. _leases.Where(lease => !lease.IsClosed && accounts.All.Any(account => account.Account.Key == lease.Account.Place.Account.Key))];
        }
    }

    /// <summary>True if the account is to be borrowed from now; then the caller does.</summary>
    public bool TryBeginBorrowing(LeasedAccount account)
    {
        lock (_gate)
        {
            if (account.IsBorrowing || account.Next is not null || time.GetTimestamp() < account.NotBefore)
            {
                return false;
            }

            return account.IsBorrowing = true;
        }
    }

    public void EndBorrowing(LeasedAccount account, TimeSpan pause)
    {
        lock (_gate)
        {
            account.IsBorrowing = false;
            account.NotBefore = time.GetTimestamp() + (long)(pause.TotalSeconds * time.TimestampFrequency);
        }
    }

    /// <summary>Forgets accounts that nobody asks for any more, where there are many; who still has one goes on with it.</summary>
    public int ForgetIdle()
    {
        lock (_gate)
        {
            if (_accounts.Count <= FewAccounts)
            {
                return _accounts.Count;
            }

            long second = time.GetTimestamp() / time.TimestampFrequency;
            foreach ((var key, LeasedAccount account) in _accounts)
            {
                if (account is { Current: null, Next: null, IsBorrowing: false } && second - account.LastAsked > ForgetAfterSeconds)
                {
                    _accounts.Remove(key);
                }
            }

            return _accounts.Count;
        }
    }

    private void Shut(Lease lease)
    {
        lease.IsClosed = true;
        local.Close(lease.Local);
    }
}
