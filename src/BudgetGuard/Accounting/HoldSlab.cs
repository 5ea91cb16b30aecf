using System.Security.Cryptography;

namespace BudgetGuard.Accounting;

/// <summary>The states of a hold, in the order in which it may move: only up.</summary>
internal enum HoldState : byte
{
    Held,
    Expired,
    Released,
    Settled,
}

/// <summary>One hold. Its entries are kept when the slot is used again, so that a warm slab allocates nothing.</summary>
internal struct HoldSlot
{
    public HoldEntry[] Entries;
    public AccountSet Accounts;

    /// <summary>What was asked for at first; <see cref="Amount"/> grows with each extension.</summary>
    public Charge Asked;
    public Charge Amount;
    public HoldId Id;
    public long Ttl;

    /// <summary>When it expires while it is held; when it ended afterwards.</summary>
    public long At;

    /// <summary>Whether each of the slot's last 64 holds before this one ended as settled; the latest is the lowest bit.</summary>
    public ulong SettledBefore;

    public uint Generation;
    public int Count;
    public int HeapPlace;
    public int Next;
    public HoldState State;

    /// <summary>True while it is among the changes that are not written down yet.</summary>
    public bool IsChanged;

    public readonly Span<HoldEntry> Used => Entries.AsSpan(0, Count);
}

/// <summary>
/// The holds, open and over. A hold's own id is its slot and the slot's generation, so that a stale one is detected and nothing is looked up; ids that
/// callers bring are in a dictionary. Of what is over it remembers in full the last 256 settled holds, and the last 65,536 others (released,
/// expired, or named by their caller), each for a day; past that, a hold of its own is still known to be settled or not as long as its slot was not
/// used 64 times more, after which it counts as settled.
/// </summary>
internal sealed class HoldSlab(AccountChanges? changes = null)
{
    // Few, because each hold goes through them all: so many slots stay in the processor's nearest caches.
    private const int SettledRemembered = 256;
    private const int OthersRemembered = 65_536;
    private const int ChunkBits = 10;
    private const int ChunkSize = 1 << ChunkBits;

    private HoldSlot[][] _chunks = [];
    private readonly Dictionary<HoldId, int> _named = [];
    private readonly ulong _prefix = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) | 1;
    private Line _settled;
    private Line _others;
    private int _made;

    /// <summary>How many slots there are.</summary>
    public int Capacity => _made;

    /// <summary>How many of the ids that callers brought are remembered.</summary>
    public int NamedCount => _named.Count;

    public ref HoldSlot this[int index] => ref _chunks[index >> ChunkBits][index & (ChunkSize - 1)];

    public bool IsOwn(HoldId id) => id.High == _prefix;

    /// <summary>Finds a hold that is open or remembered; -1 if there is none.</summary>
    public int Find(HoldId id)
    {
        if (!IsOwn(id))
        {
            return _named.TryGetValue(id, out int named) ? named : -1;
        }

        uint index = (uint)id.Low;
        return index < _made && this[(int)index].Generation == (uint)(id.Low >> 32) ? (int)index : -1;
    }

    /// <summary>Notes that a hold that is not remembered is settled now; false if it was before, or was never made here.</summary>
    public bool TrySettleForgotten(HoldId id)
    {
        uint index = (uint)id.Low;
        if (index >= _made)
        {
            return false;
        }

        ref HoldSlot slot = ref this[(int)index];
        uint age = slot.Generation - (uint)(id.Low >> 32) - 1;
        ulong bit = age < 64 ? 1UL << (int)age : 0;
        bool isNew = bit != 0 && (slot.SettledBefore & bit) == 0;
        slot.SettledBefore |= bit;
        return isNew;
    }

    /// <summary>Takes a slot for a new hold with room for its entries.</summary>
    /// <param name="name">The id its caller brought; default for one of its own.</param>
    /// <param name="accounts">Its accounts.</param>
    /// <param name="now">The instant.</param>
    public int Take(HoldId name, AccountSet accounts, long now)
    {
        int index = TryReuse(ref _settled, SettledRemembered, now, out int reused) || TryReuse(ref _others, OthersRemembered, now, out reused)
            ? reused
            : Make();
        ref HoldSlot slot = ref this[index];
        slot.Generation++;
        slot.Id = name == default ? new HoldId(_prefix, ((ulong)slot.Generation << 32) | (uint)index) : name;
        if (!ReferenceEquals(slot.Accounts, accounts))
        {
            slot.Accounts = accounts;
        }

        slot.Count = accounts.Accounts.Length;
        slot.State = HoldState.Held;
        if (slot.Entries is null || slot.Entries.Length < slot.Count)
        {
            slot.Entries = new HoldEntry[slot.Count];
        }

        if (name != default)
        {
            _named.Add(name, index);
        }

        Touch(index);
        return index;
    }

    /// <summary>Notes that a hold has changed, where changes are written down.</summary>
    public void Touch(int index)
    {
        if (changes is not null && !this[index].IsChanged)
        {
            this[index].IsChanged = true;
            changes.Add(index);
        }
    }

    /// <summary>Ends a hold that was open, or one that never was: from now on it is only remembered.</summary>
    public void Close(ref HoldSlot slot, int index, HoldState state, long now)
    {
        slot.State = state;
        slot.At = now;
        Touch(index);
        Append(ref state == HoldState.Settled && IsOwn(slot.Id) ? ref _settled : ref _others, index);
    }

    private bool TryReuse(ref Line line, int remembered, long now, out int index)
    {
        index = line.First;
        if (line.Count == 0 || (line.Count <= remembered && now - this[index].At < TimeSpan.TicksPerDay))
        {
            return false;
        }

        ref HoldSlot slot = ref this[index];
        line.First = slot.Next;
        line.Count--;
        if (!IsOwn(slot.Id))
        {
            _named.Remove(slot.Id);
        }

        slot.SettledBefore = (slot.SettledBefore << 1) | (slot.State == HoldState.Settled ? 1UL : 0);
        return true;
    }

    private void Append(ref Line line, int index)
    {
        if (line.Count++ == 0)
        {
            line.First = index;
        }
        else
        {
            this[line.Last].Next = index;
        }

        line.Last = index;
    }

    private int Make()
    {
        if (_made == _chunks.Length << ChunkBits)
        {
            // Chunks stay where they are: a reference to a slot outlives the growth of the slab.
            _chunks = [.. _chunks, new HoldSlot[ChunkSize]];
        }

        return _made++;
    }

    private struct Line
    {
        public int First;
        public int Last;
        public int Count;
    }
}
