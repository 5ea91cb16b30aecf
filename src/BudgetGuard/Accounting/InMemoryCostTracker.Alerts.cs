namespace BudgetGuard.Accounting;

/// <summary>What the tracker remembers of alerts, and how a watcher looks at its accounts.</summary>
internal sealed partial class InMemoryCostTracker : IAccountScan
{
    private readonly AlertClaims _claims = new();

    /// <inheritdoc/>
    public ValueTask<bool> ClaimAlertAsync(AlertClaim claim, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        return ValueTask.FromResult(_claims.TryClaim(claim, time.GetUtcNow().UtcTicks));
    }

    /// <inheritdoc/>
    public ValueTask ReleaseAlertAsync(AlertClaim claim, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        _claims.Release(claim);
        lock (_gate)
        {
            if (claim.Account is { } account && _book.Accounts.GroupOf(account).FindTold(account) is { } ledger)
            {
                TellAgain(ledger, claim);
            }
        }

        return ValueTask.CompletedTask;
    }

    ValueTask IAccountScan.ScanAsync(CancellationToken cancellationToken)
    {
        Scan();
        return ValueTask.CompletedTask;
    }

    ValueTask<List<BudgetUsage>?> IAccountScan.SummarizeAsync(CancellationToken cancellationToken) => new(Summarize());

    /// <summary>Ends what is over and looks at all accounts; nothing of it waits.</summary>
    public void Scan()
    {
        AccountGroup[] groups;
        var events = new EventBuffer(listener);
        lock (_gate)
        {
            _book.Endings.Expire(_clock.Now(), int.MaxValue, ref events);
            groups = _book.Accounts.Groups;
        }

        events.Raise();
        foreach (AccountGroup group in groups)
        {
            int count = 0;
            for (int first = 0; first <= count; first += AccountsAtOnce)
            {
                var some = new EventBuffer(listener);
                lock (_gate)
                {
                    count = group.Count;
                    group.Watch(first, AccountsAtOnce, _clock.Now(), ref some);
                }

                some.Raise();
            }
        }
    }

    /// <summary>What each budget has used in its current window.</summary>
    public List<BudgetUsage> Summarize()
    {
        AccountGroup[] groups;
        lock (_gate)
        {
            groups = _book.Accounts.Groups;
        }

        var all = new List<BudgetUsage>(groups.Length);
        foreach (AccountGroup group in groups)
        {
            BudgetUsage? fullest = null;
            int count = 0;
            for (int first = 0; first <= count; first += AccountsAtOnce)
            {
                lock (_gate)
                {
                    count = group.Count;
                    group.AddUsage(ref fullest, first, AccountsAtOnce, _clock.Now());
                }
            }

            if (fullest is { } one)
            {
                all.Add(one);
            }
        }

        return all;
    }

    private static void TellAgain(AccountLedger ledger, AlertClaim claim)
    {
        switch (claim.Type)
        {
            case AlertTypes.ThresholdReached:
                AccountNotices.TellAgain(ledger.Current, NoticeKind.Threshold, claim);
                break;
            case AlertTypes.BudgetExceeded or AlertTypes.ThrottlingActivated:
                NoticeKind kind = ledger.Unit == BudgetUnit.Concurrency ? NoticeKind.HeldByOthers : NoticeKind.Exceeded;
                AccountNotices.TellAgain(ledger.Current, kind, claim);
                break;
            case AlertTypes.ForecastExceeded:
                AccountNotices.TellAgain(ledger.Current, NoticeKind.Forecast, claim);
                break;
            case AlertTypes.PartitionsOverflowed:
                AccountNotices.TellAgain(ledger.Current, NoticeKind.Overflowed, claim);
                break;
            case AlertTypes.CostSpike:
                ledger.TellSpikeAgain(ofMinutes: claim.Subject == AlertTypes.MinuteSpike);
                break;
        }
    }
}
