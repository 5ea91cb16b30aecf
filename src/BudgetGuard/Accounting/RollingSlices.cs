namespace BudgetGuard.Accounting;

/// <summary>
/// What a rolling window holds, in slices of a sixtieth of its length. The slice that is only partly inside still counts whole, so the sum is never
/// too low; that makes 61 slices at most. Only slices that were used take room: most accounts of a budget split by user use one or two.
/// </summary>
internal sealed partial class RollingSlices
{
    public const int SlicesPerWindow = 60;

    private readonly long _width;
    private Slice[] _ring = new Slice[2];
    private int _head;
    private int _count;

    public RollingSlices(long length) => _width = ((length - 1) / SlicesPerWindow) + 1;

    /// <summary>The number of the slice that is being filled; only grows.</summary>
    public long Latest { get; private set; }

    /// <summary>When the next slice begins.</summary>
    public long EndOfLatest => Product(Latest + 1);

    /// <summary>When the slice that is being filled began.</summary>
    public long StartOfLatest => Product(Latest);

    /// <summary>How long the slices of one window are together.</summary>
    public long Length => Product(SlicesPerWindow);

    /// <summary>When the oldest slice that still counts began.</summary>
    public long Start => Product(Math.Max(0, Latest - SlicesPerWindow));

    /// <summary>True if no slice is left that a hold was ever taken in.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>When the oldest use leaves; null when there is none.</summary>
    public long? OldestLeavesAt
    {
        get
        {
            for (int i = 0; i < _count; i++)
            {
                ref Slice slice = ref At(i);
                if (slice.Settled + slice.Held > 0)
                {
                    return LeavesAt(slice.Number);
                }
            }

            return null;
        }
    }

    /// <summary>Moves to the slice of an instant and tells what has left.</summary>
    public (long Settled, long Held) Advance(long now)
    {
        Latest = Math.Max(Latest, now / _width);
        long settled = 0;
        long held = 0;
        while (_count > 0 && !Counts(At(0).Number))
        {
            settled += At(0).Settled;
            held += At(0).Held;
            _head = (_head + 1) & (_ring.Length - 1);
            _count--;
        }

        return (settled, held);
    }

    /// <summary>Adds to a slice, which is the latest or one that was used before; false when it has left.</summary>
    public bool TryAdd(long number, long settled, long held)
    {
        int i = _count - 1;
        while (i >= 0 && At(i).Number > number)
        {
            i--;
        }

        if (i < 0 || At(i).Number != number)
        {
            if (number != Latest)
            {
                return false;
            }

            i = Append(number);
        }

        ref Slice slice = ref At(i);
        slice.Settled += settled;
        slice.Held += held;
        return true;
    }

    /// <summary>False once a slice has left.</summary>
    public bool Counts(long number) => number >= Latest - SlicesPerWindow;

    /// <summary>Takes settled use back, the newest first; tells how much there was to take.</summary>
    public long TakeBack(long amount)
    {
        long left = amount;
        for (int i = _count - 1; i >= 0 && left > 0; i--)
        {
            ref Slice slice = ref At(i);
            long part = Math.Min(left, slice.Settled);
            slice.Settled -= part;
            left -= part;
        }

        return amount - left;
    }

    /// <summary>The first instant by which at least an amount has left; null if there is not so much.</summary>
    public long? HasLeftAt(long amount)
    {
        for (int i = 0; i < _count; i++)
        {
            ref Slice slice = ref At(i);
            amount -= slice.Settled + slice.Held;
            if (amount <= 0)
            {
                return LeavesAt(slice.Number);
            }
        }

        return null;
    }

    private long LeavesAt(long number) => Product(number + SlicesPerWindow + 1);

    private long Product(long slices)
    {
        Int128 ticks = (Int128)slices * _width;
        return ticks > long.MaxValue ? long.MaxValue : (long)ticks;
    }

    private ref Slice At(int i) => ref _ring[(_head + i) & (_ring.Length - 1)];

    private int Append(long number)
    {
        if (_count == _ring.Length)
        {
            var larger = new Slice[_ring.Length * 2];
            for (int i = 0; i < _count; i++)
            {
                larger[i] = At(i);
            }

            _ring = larger;
            _head = 0;
        }

        At(_count) = new Slice { Number = number };
        return _count++;
    }

    private struct Slice
    {
        public long Number;
        public long Settled;
        public long Held;
    }
}
