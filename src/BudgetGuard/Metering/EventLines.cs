namespace BudgetGuard.Metering;

/// <summary>
/// Walks the lines of server-sent events in pieces of any size: lines may end in any of three ways, and data may take several of them. Only data is read;
/// what kind of event it is, the data says itself.
/// </summary>
internal sealed class EventLines(StreamUsage events)
{
    private int _matched;
    private bool _afterReturn;
    private bool _hasData;
    private Place _place;

    private enum Place : byte
    {
        Name,
        BeforeData,
        Data,
        Other,
    }

    /// <summary>True once a line of data has begun.</summary>
    public bool SawData { get; private set; }

    private static ReadOnlySpan<byte> DataName => "data"u8;

    public void Feed(ReadOnlySpan<byte> piece)
    {
        while (!piece.IsEmpty && !events.IsOver)
        {
            if (_afterReturn)
            {
                _afterReturn = false;
                if (piece[0] == (byte)'\n')
                {
                    piece = piece[1..];
                    continue;
                }
            }

            piece = piece[Step(piece)..];
        }
    }

    private int Step(ReadOnlySpan<byte> piece)
    {
        switch (_place)
        {
            case Place.Name:
                return Name(piece[0]);
            case Place.BeforeData:
                _place = Place.Data;
                return piece[0] == (byte)' ' ? 1 : 0;
            default:
                var end = piece.IndexOfAny((byte)'\r', (byte)'\n');
                var line = end < 0 ? piece : piece[..end];
                if (_place == Place.Data)
                {
                    events.Read(line);
                }

                return end < 0 ? piece.Length : end + EndLine(piece[end]);
        }
    }

    private int Name(byte next)
    {
        if (next is (byte)'\r' or (byte)'\n')
        {
            if (_matched == 0 && _hasData)
            {
                events.EndEvent();
                _hasData = false;
            }

            return EndLine(next);
        }

        if (_matched < DataName.Length)
        {
            _place = next == DataName[_matched++] ? Place.Name : Place.Other;
            return 1;
        }

        _place = next == (byte)':' ? Place.BeforeData : Place.Other;
        if (_place == Place.BeforeData)
        {
            if (_hasData)
            {
                events.Read("\n"u8);
            }

            _hasData = SawData = true;
        }

        return 1;
    }

    private int EndLine(byte last)
    {
        _afterReturn = last == (byte)'\r';
        _place = Place.Name;
        _matched = 0;
        return 1;
    }
}
