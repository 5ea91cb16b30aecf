using BudgetGuard.Accounting;

namespace BudgetGuard.Redis;

/// <summary>
/// What this node has borrowed, and the decisions on it. Whoever takes a hold and whoever closes a part have the same lock, so that nothing is taken on a part after it was
/// counted.
/// </summary>
internal sealed partial class LeaseBook(InMemoryCostTracker local, RedisCostTracker direct, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(AccountKey Key, long Limit), LeasedAccount> _accounts = [];
    private readonly List<Lease> _leases = [];
    private readonly Dictionary<HoldId, HoldId> _moved = [];
    private readonly Queue<HoldId> _movedOrder = [];
    private long _decidedHere;
    private long _decidedThere;

    /// <summary>Raised when an account is to be borrowed from.</summary>
    public event Action<LeasedAccount>? Wanted;

    public InMemoryCostTracker Local => local;

    public (long Local, long Direct) Decided => (Interlocked.Read(ref _decidedHere), Interlocked.Read(ref _decidedThere));

    public void CountDirect() => Interlocked.Increment(ref _decidedThere);

    /// <summary>Takes a hold on what is borrowed; false, and nothing is done, where that is not enough.</summary>
    public bool TryHold(in HoldRequest request, out HoldResult result)
    {
        RedisAccounts accounts = direct.AccountsOf(request.Accounts);
        LeasedSet set = accounts.Leased is LeasedSet known && ReferenceEquals(known.Book, this) ? known : SetOf(accounts);
        result = default;
        if (set.All.Length == 0)
        {
            return false;
        }

        long timestamp = time.GetTimestamp();
        LeasedAccount? wanted = null;
        bool isHeld = false;
        lock (_gate)
        {
            bool isHot = set.Count(timestamp, time.TimestampFrequency);
            for (int round = 0; round < 2 && !isHeld; round++)
            {
                if (!TryCollect(set, timestamp))
                {
                    break;
                }

                isHeld = local.TryHold(new HoldRequest(set.Local!, request.Amount, request.Ttl), out GrantedHold granted);
                if (!isHeld)
                {
                    // It is seldom taken for the first time; and then the common way does not know its accounts.
                    local.Hold(new HoldRequest(set.Local!, request.Amount, request.Ttl), out HoldResult first);
                    isHeld = first.Outcome == HoldOutcome.Held;
                    granted = isHeld ? new GrantedHold(first.Hold.Id, first.Tightest, first.Remaining) : default;
                }

                if (isHeld)
                {
                    result = Granted(set, request, granted, timestamp, ref wanted);
                }
                else if (!TryMoveOn(set, request.Amount))
                {
                    break;
                }
            }

            if (!isHeld && isHot)
            {
                Note(set, request.Amount, ref wanted);
            }
        }

        if (wanted is not null)
        {
            Wanted?.Invoke(wanted);
        }

        if (isHeld)
        {
            Interlocked.Increment(ref _decidedHere);
        }

        return isHeld;
    }

    /// <summary>A hold of this node is one of the shared accounts from now on.</summary>
    public void Moved(HoldId from, HoldId to)
    {
        lock (_gate)
        {
            _moved[from] = to;
            _movedOrder.Enqueue(from);
            if (_movedOrder.Count > 100_000)
            {
                _moved.Remove(_movedOrder.Dequeue());
            }
        }
    }

    /// <summary>A hold of this node stays one.</summary>
    public void NotMoved(HoldId from)
    {
        lock (_gate)
        {
            _moved.Remove(from);
        }
    }

    /// <summary>What a hold of this node has become; default where it is what it was.</summary>
    public HoldId MovedTo(HoldId id)
    {
        if (_moved.Count == 0)
        {
            return default;
        }

        lock (_gate)
        {
            return _moved.GetValueOrDefault(id);
        }
    }

    private LeasedSet SetOf(RedisAccounts accounts)
    {
        LeasedSet set;
        if (Array.TrueForAll(accounts.All, LeasedAccount.CanBeOf))
        {
            lock (_gate)
            {
                var all = new LeasedAccount[accounts.All.Length];
                for (int i = 0; i < all.Length; i++)
                {
                    RedisAccount place = accounts.All[i];
                    var key = (place.Account.Key, place.Account.Limit);
                    if (!_accounts.TryGetValue(key, out LeasedAccount? account))
                    {
                        _accounts.Add(key, account = new LeasedAccount(place));
                    }

                    all[i] = account;
                }

                set = new LeasedSet(this, all);
            }
        }
        else
        {
            set = new LeasedSet(this, []);
        }

        accounts.Leased = set;
        return set;
    }

    private static bool TryCollect(LeasedSet set, long timestamp)
    {
        foreach (LeasedAccount account in set.All)
        {
            if (account.Current is not { } lease || !lease.IsUsable(timestamp))
            {
                return false;
            }
        }

        if (!set.IsCurrent())
        {
            set.Use([.. set.All.Select(static account => account.Current!)]);
        }

        return true;
    }

    private static HoldResult Granted(LeasedSet set, in HoldRequest request, in GrantedHold granted, long timestamp, ref LeasedAccount? wanted)
    {
        foreach (Lease lease in set.Leases)
        {
            lease.LastUsed = timestamp;
        }

        Lease tightest = set.Leases[granted.Tightest];
        tightest.Account.Asked(tightest.Account.Place.AmountOf(request.Amount));
        if (granted.Remaining < tightest.Local.Limit / 2 && tightest.Account is { Next: null, IsBorrowing: false } account)
        {
            wanted ??= account;
        }

        return new HoldResult(HoldOutcome.Held, new Hold(granted.Id, request.Accounts, request.Amount), default)
        {
            Tightest = granted.Tightest,
            Remaining = Saturating.Add(tightest.Left, granted.Remaining),
        };
    }

    /// <summary>Goes on to the next part where there is one; what is left of the one before goes back.</summary>
    private bool TryMoveOn(LeasedSet set, in Charge amount)
    {
        bool isMoved = false;
        foreach (LeasedAccount account in set.All)
        {
            if (account.Next is { } next && account.Place.AmountOf(amount) <= next.Local.Limit)
            {
                Shut(account.Current!);
                (account.Current, account.Next) = (next, null);
                isMoved = true;
            }
        }

        return isMoved;
    }

    private static void Note(LeasedSet set, in Charge amount, ref LeasedAccount? wanted)
    {
        foreach (LeasedAccount account in set.All)
        {
            account.Asked(account.Place.AmountOf(amount));
            wanted ??= account is { Next: null, IsBorrowing: false } ? account : null;
        }
    }
}
