namespace BudgetGuard.Accounting;

// How each part of an account is kept: its own fields, in their order.
internal sealed partial class RollingSlices
{
    public void Write(RecordWriter record)
    {
        record.Add(Latest);
        record.Add(_count);
        for (int i = 0; i < _count; i++)
        {
            ref Slice slice = ref At(i);
            record.Add(slice.Number);
            record.Add(slice.Settled);
            record.Add(slice.Held);
        }
    }

    public void Read(ref RecordReader record)
    {
        Latest = record.Long();
        int count = record.Count();
        for (int i = 0; i < count; i++)
        {
            ref Slice slice = ref At(Append(record.Long()));
            slice.Settled = record.Long();
            slice.Held = record.Long();
        }
    }
}

internal sealed partial class WindowNotices
{
    public void Write(RecordWriter record)
    {
        foreach (ref readonly Notice notice in (ReadOnlySpan<Notice>)_kinds)
        {
            record.Add(notice.IsTold);
            record.Add(notice.IsOpen);
            record.Add(notice.Throttles);
            record.Add(notice.Round);
            record.Add(notice.Since);
            record.Add(notice.RearmAt);
            record.Add(notice.Level);
            record.Add(notice.Share);
        }
    }

    public static WindowNotices Read(ref RecordReader record)
    {
        var notices = new WindowNotices();
        foreach (ref Notice notice in notices.All)
        {
            notice = new Notice
            {
                IsTold = record.Bool(),
                IsOpen = record.Bool(),
                Throttles = record.Bool(),
                Round = record.Int(),
                Since = record.Long(),
                RearmAt = record.Long(),
                Level = record.Long(),
                Share = record.Decimal(),
            };
        }

        return notices;
    }
}

internal sealed partial class TopUps
{
    public void Write(RecordWriter record)
    {
        record.Add(_all.Count);
        foreach ((long amount, long end) in _all)
        {
            record.Add(amount);
            record.Add(end);
        }
    }

    public static TopUps Read(ref RecordReader record)
    {
        var topUps = new TopUps();
        int count = record.Count();
        for (int i = 0; i < count; i++)
        {
            topUps._all.Add((record.Long(), record.Long()));
        }

        topUps.Count();
        return topUps;
    }
}

internal sealed partial class Habit
{
    public void Write(RecordWriter record)
    {
        record.Add(_high);
        record.Add(_tellAgainAt);
        record.Add(Seen);
        record.Add(Median);
    }

    public static Habit Read(ref RecordReader record) => new()
    {
        _high = record.Long(),
        _tellAgainAt = record.Long(),
        Seen = record.Int(),
        Median = record.Long(),
    };
}

internal sealed partial class SpendWatch
{
    public void Write(RecordWriter record)
    {
        foreach (uint share in (ReadOnlySpan<uint>)_shares)
        {
            record.Add((long)share);
        }

        record.Add(_window);
        record.Add(_settled);
        record.Add(_counted);
        record.Add(_limit);
        record.Add(_rate);
        record.Add(_rateOf);
    }

    public static SpendWatch Read(ref RecordReader record)
    {
        var watch = new SpendWatch();
        foreach (ref uint share in (Span<uint>)watch._shares)
        {
            share = (uint)record.Long();
        }

        watch._window = record.Long();
        watch._settled = record.Long();
        watch._counted = record.Long();
        watch._limit = record.Long();
        watch._rate = record.Long();
        watch._rateOf = record.Int();
        return watch;
    }
}

internal sealed partial class SpendSchedule
{
    /// <summary>Only what past weeks were like: the rest follows from it at the next look.</summary>
    public void Write(RecordWriter record) => _profile.Write(record);

    public void Read(ref RecordReader record) => _profile.Read(ref record);
}

internal sealed partial class SpendProfile
{
    public void Write(RecordWriter record)
    {
        record.Add(_hour);
        record.Add(_spent);
        record.Add(_ordinary);
        record.Add(_known);
        record.Add(IsReady);
        foreach (ref readonly Week week in _hours.AsSpan())
        {
            record.Add(week.Last);
            record.Add(week.Before);
            record.Add(week.Earlier);
        }
    }

    public void Read(ref RecordReader record)
    {
        _hour = record.Long();
        _spent = record.Long();
        _ordinary = record.Long();
        _known = record.Int();
        IsReady = record.Bool();
        foreach (ref Week week in _hours.AsSpan())
        {
            week = new Week(record.Long(), record.Long(), record.Long());
        }
    }
}
