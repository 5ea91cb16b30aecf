namespace BudgetGuard.Accounting;

/// <summary>What administrators do with an account.</summary>
internal sealed partial class AccountLedger
{
    private TopUps? _topUps;

    /// <summary>How much its limit is above what is configured.</summary>
    public long ToppedUp => _topUps?.Sum ?? 0;

    /// <summary>Raises the limit until an instant; null: as long as the window lasts. False if too many top-ups are in force.</summary>
    public bool TryTopUp(long amount, long? until, long now, ref EventBuffer events)
    {
        LedgerWindow window = At(now, ref events);
        long end = until ?? (window.Slices is { } slices ? Saturating.Add(now, slices.Length) : window.End);
        if (!(_topUps ??= new TopUps()).TryAdd(amount, end))
        {
            return false;
        }

        long before = Account.Limit;
        TakeOnTopUps();
        AccountNotices.LimitRaised(Current, Account, before, ref events);
        Free();
        return true;
    }

    /// <summary>Begins where another account of the same partition ends: what is told of this one is told anew.</summary>
    public void Succeed(AccountLedger before, ref EventBuffer events)
    {
        AccountNotices.TellEnded(before.Current, ref events);
        if (before.Current.Notices is not { } notices)
        {
            return;
        }

        for (NoticeKind kind = NoticeKind.Threshold; kind <= NoticeKind.Forecast; kind++)
        {
            Current.NoticesOrNew[kind].Round = notices[kind].Round + 1;
        }

        Current.Touch();
    }

    /// <summary>True if there is anything to tell of it: used, held, owed or topped up.</summary>
    public bool IsInUse(long now) => !IsIdle(now) && (Current.Used > 0 || Current.HasOpenHolds || ToppedUp > 0);

    /// <summary>What the limit of whoever asks will be at a later instant, if nobody changes it.</summary>
    public long LimitAt(long instant, Account asking) =>
        _topUps is { } topUps ? Saturating.Add(LimitFor(asking) - topUps.Sum, topUps.SumAt(instant)) : LimitFor(asking);

    /// <summary>Takes away the top-ups that are over. Those that end with a window still counted in it, so that it has to be closed before.</summary>
    private void EndTopUps(long now)
    {
        if (_topUps is { } topUps && topUps.TryEnd(now))
        {
            TakeOnTopUps();
        }
    }

    private void TakeOnTopUps()
    {
        Account = ToppedUp == 0 ? _own : new Account(_own.Terms, _own.Key.Partition, Saturating.Add(Math.Max(0, _own.Limit), ToppedUp));
        Current.TopUpEnds = _topUps!.NextEnd;
        Current.LimitChanged();
        Current.Revise();
        Current.Touch();
    }

    /// <summary>Notes what the window ended with; the windows after it have what is configured.</summary>
    private void CloseWindow() =>
        Current.Close(
            _topUps is { } topUps ? Saturating.Add(Math.Max(0, _own.Limit), topUps.SumAt(Current.End - 1)) : Limit, Math.Max(0, _own.Limit));
}
