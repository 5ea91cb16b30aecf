using System.Collections.Immutable;

namespace BudgetGuard.Accounting;

/// <summary>
/// How holds begin and grow, as plain sequential code: it takes the time as an argument, collects events, and never waits. Whoever uses it holds its lock.
/// A hold stays in the windows it was taken in: it is extended, settled, released and corrected there, however long that takes.
/// </summary>
internal sealed partial class HoldBook
{
    private readonly AccountTable _accounts;
    private readonly HoldSlab _holds;
    private readonly ExpiryHeap _expiry;
    private readonly AccountChanges? _changes;

    public HoldBook(Func<ExpiredHolds> whenExpired, AccountChanges? changes = null)
    {
        _changes = changes;
        _accounts = new AccountTable(changes);
        _holds = new HoldSlab(changes);
        _expiry = new ExpiryHeap(_holds);
        Endings = new HoldEndings(_accounts, _holds, _expiry, whenExpired);
    }

    /// <summary>How holds end.</summary>
    public HoldEndings Endings { get; }

    public int OpenHolds => _expiry.Count;

    /// <summary>How many holds there is room for: those that are open and those that are remembered.</summary>
    public int Capacity => _holds.Capacity;

    /// <summary>The accounts.</summary>
    public AccountTable Accounts => _accounts;

    public void Hold(in HoldRequest request, long now, ref EventBuffer events, out HoldResult result)
    {
        AccountSet set = request.Accounts;
        if (request.Id != default && Existing(request) is { } existing)
        {
            result = existing;
            return;
        }

        AccountPath path = _accounts.PathOf(set, now, ref events);
        path.Refresh(set, now, ref events);
        ImmutableArray<Refusal> refusals = default;
        if (!Admits(path, request.Amount, out int tightest, out long least))
        {
            // Nobody is refused because of a hold that is over.
            Endings.Expire(now, int.MaxValue, ref events);
            refusals = Refusals.OfHold(path, set, _accounts, request.Amount, now, ref events);
            if (Refusals.AnyEnforced(refusals))
            {
                result = new HoldResult(HoldOutcome.Refused, default, refusals);
                return;
            }
        }

        ref HoldSlot slot = ref Take(path, request, now);
        result = refusals.IsDefault
            ? new HoldResult(HoldOutcome.Held, new Hold(slot.Id, set, request.Amount), default) { Tightest = tightest, Remaining = least }
            : Answer(slot, refusals);
    }

    /// <summary>
    /// The common hold: its accounts are where they were the last time, and all admit it. False, and nothing is done, where <see cref="Hold"/> has to be asked.
    /// </summary>
    public bool TryHold(in HoldRequest request, long now, out GrantedHold granted)
    {
        if (request.Id != default
            || request.Ttl <= TimeSpan.Zero
            || request.Accounts.TrackerState is not AccountPath path
            || !path.IsFresh(_accounts, now)
            || !Admits(path, request.Amount, out int tightest, out long least))
        {
            granted = default;
            return false;
        }

        granted = new GrantedHold(Take(path, request, now).Id, tightest, least);
        return true;
    }

    public HoldResult Extend(in Hold hold, in Charge more, long now, ref EventBuffer events)
    {
        int index = _holds.Find(hold.Id);
        if (index < 0 || _holds[index].State != HoldState.Held)
        {
            return new HoldResult(HoldOutcome.Conflict, default, default);
        }

        ref HoldSlot slot = ref _holds[index];
        ImmutableArray<Refusal> refusals = default;
        if (!AdmitsMore(slot, more, now, ref events))
        {
            Endings.Expire(now, int.MaxValue, ref events);
            if (slot.State != HoldState.Held)
            {
                return new HoldResult(HoldOutcome.Conflict, default, default);
            }

            refusals = Refusals.OfExtension(slot, _accounts, more, now, ref events);
            if (Refusals.AnyEnforced(refusals))
            {
                return new HoldResult(HoldOutcome.Refused, default, refusals);
            }
        }

        foreach (ref HoldEntry entry in slot.Used)
        {
            long amount = entry.Window.Ledger.AmountOf(more);
            long held = Saturating.Add(entry.Held, amount);
            if (amount > 0 && !entry.Window.Counts(entry))
            {
                entry.Window.Open(ref entry);
            }

            entry.Window.Move(ref entry, held, 0);
        }

        _holds.Touch(index);
        slot.Amount = Saturating.Add(slot.Amount, more);
        slot.At = now + Math.Min(slot.Ttl, long.MaxValue - now);
        _expiry.Remove(slot.HeapPlace);
        _expiry.Add(index, slot.At);
        return Answer(slot, refusals);
    }

    public AccountState Read(Account account, long now, ref EventBuffer events)
    {
        AccountGroup group = _accounts.GroupOf(account);
        long limit = Math.Max(0, account.Limit);
        if (group.Find(account, now) is { } ledger)
        {
            LedgerWindow window = ledger.At(now, ref events);
            return AccountFigures.StateOf(window, Saturating.Add(limit, ledger.ToppedUp));
        }

        var unused = new AccountLedger(group, account, isOverflow: false, now, freed: 0);
        return AccountFigures.StateOf(unused.Current, limit);
    }

    /// <summary>Checks every account, and finds the one in US dollars that will have the least left; the first if none counts US dollars.</summary>
    private static bool Admits(AccountPath path, in Charge amount, out int tightest, out long least)
    {
        bool admits = true;
        bool isUsd = false;
        tightest = 0;
        least = 0;
        ReadOnlySpan<PathStep> steps = path.Steps;
        for (int i = 0; i < steps.Length; i++)
        {
            ref readonly PathStep step = ref steps[i];
            long asked = step.HoldOf(amount);
            long available = step.Limit - step.Window.Used;
            admits &= asked <= available || asked == 0;
            long left = available - asked;
            bool countsUsd = step.Unit == BudgetUnit.Usd;
            if (countsUsd ? !isUsd || left < least : i == 0)
            {
                tightest = i;
                least = left;
            }

            isUsd |= countsUsd;
        }

        return admits;
    }

    private ref HoldSlot Take(AccountPath path, in HoldRequest request, long now)
    {
        int index = _holds.Take(request.Id, request.Accounts, now);
        ref HoldSlot slot = ref _holds[index];
        slot.Asked = request.Amount;
        slot.Amount = request.Amount;
        slot.Ttl = request.Ttl.Ticks;
        slot.At = now + Math.Min(slot.Ttl, long.MaxValue - now);
        _expiry.Add(index, slot.At);
        ReadOnlySpan<PathStep> steps = path.Steps;
        Span<HoldEntry> entries = slot.Used;
        for (int i = 0; i < entries.Length; i++)
        {
            LedgerWindow window = steps[i].Window;
            window.Take(ref entries[i], steps[i].HoldOf(request.Amount));
            window.OpenHolds++;
        }

        return ref slot;
    }

    private static bool AdmitsMore(in HoldSlot slot, in Charge more, long now, ref EventBuffer events)
    {
        bool admits = true;
        for (int i = 0; i < slot.Count; i++)
        {
            ref HoldEntry entry = ref slot.Entries[i];
            AccountLedger ledger = entry.Window.Ledger;
            ledger.At(now, ref events);
            admits &= Refusals.Fits(Refusals.Needed(entry, more), ledger.LimitFor(slot.Accounts.Accounts[i]), entry.Window);
        }

        return admits;
    }

    private HoldResult? Existing(in HoldRequest request)
    {
        int index = _holds.Find(request.Id);
        if (index < 0)
        {
            return _holds.IsOwn(request.Id) ? new HoldResult(HoldOutcome.Conflict, default, default) : null;
        }

        ref HoldSlot slot = ref _holds[index];
        return slot.State == HoldState.Held && slot.Asked == request.Amount && IsSame(slot.Accounts, request.Accounts)
            ? Answer(slot, default) with { IsRepeat = true }
            : new HoldResult(HoldOutcome.Conflict, default, default);
    }

    private static bool IsSame(AccountSet left, AccountSet right)
    {
        if (left.Accounts.Length != right.Accounts.Length)
        {
            return false;
        }

        for (int i = 0; i < left.Accounts.Length; i++)
        {
            if (left.Accounts[i].Key != right.Accounts[i].Key)
            {
                return false;
            }
        }

        return true;
    }

    private static HoldResult Answer(in HoldSlot slot, ImmutableArray<Refusal> refusals)
    {
        int tightest = -1;
        long least = 0;
        for (int i = 0; i < slot.Count; i++)
        {
            LedgerWindow window = slot.Entries[i].Window;
            bool isUsd = window.Ledger.Unit == BudgetUnit.Usd;
            if (!isUsd && (i > 0 || tightest >= 0))
            {
                continue;
            }

            long left = window.Ledger.LimitFor(slot.Accounts.Accounts[i]) - window.Used;
            if (tightest < 0 || left < least || slot.Entries[tightest].Window.Ledger.Unit != BudgetUnit.Usd)
            {
                tightest = i;
                least = left;
            }
        }

        return new HoldResult(HoldOutcome.Held, new Hold(slot.Id, slot.Accounts, slot.Amount), refusals)
        {
            Tightest = Math.Max(0, tightest),
            Remaining = least,
        };
    }
}
