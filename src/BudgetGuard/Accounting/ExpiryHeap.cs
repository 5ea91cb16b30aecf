namespace BudgetGuard.Accounting;

/// <summary>The open holds by when they expire, earliest first. Each hold knows its place, so that ending one needs no search.</summary>
internal sealed class ExpiryHeap(HoldSlab holds)
{
    private Item[] _items = new Item[64];

    public int Count { get; private set; }

    /// <summary>The hold that expires first, if that is due.</summary>
    public bool TryPeekDue(long now, out int index)
    {
        index = _items[0].Index;
        return Count > 0 && _items[0].At <= now;
    }

    public void Add(int index, long at)
    {
        if (Count == _items.Length)
        {
            Array.Resize(ref _items, Count * 2);
        }

        Rise(Count++, new Item { At = at, Index = index });
    }

    /// <summary>Takes out the hold at a place.</summary>
    public void Remove(int place)
    {
        Item last = _items[--Count];
        if (place == Count)
        {
            return;
        }

        if (place > 0 && last.At < _items[(place - 1) / 2].At)
        {
            Rise(place, last);
        }
        else
        {
            Sink(place, last);
        }
    }

    private void Rise(int place, Item item)
    {
        while (place > 0 && item.At < _items[(place - 1) / 2].At)
        {
            Put(place, _items[(place - 1) / 2]);
            place = (place - 1) / 2;
        }

        Put(place, item);
    }

    private void Sink(int place, Item item)
    {
        while ((2 * place) + 1 < Count)
        {
            int child = (2 * place) + 1;
            if (child + 1 < Count && _items[child + 1].At < _items[child].At)
            {
                child++;
            }

            if (item.At <= _items[child].At)
            {
                break;
            }

            Put(place, _items[child]);
            place = child;
        }

        Put(place, item);
    }

    private void Put(int place, Item item)
    {
        _items[place] = item;
        holds[item.Index].HeapPlace = place;
    }

    private struct Item
    {
        public long At;
        public int Index;
    }
}
