namespace BudgetGuard.Accounting;

internal sealed partial class InMemoryCostTracker : IBudgetLedger
{
    private const string SharesOne = "This partition shares one account with others, because the budget has more of them than MaxTrackedPartitions.";

    /// <inheritdoc/>
    public ValueTask<AccountState> TopUpAsync(Account account, long amount, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(account);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(amount);
        var events = new EventBuffer(listener);
        AccountState state;
        lock (_gate)
        {
            long now = _clock.Now();
            if (until is { } end && end.UtcTicks <= now)
            {
                throw new ArgumentException("The time until which the limit would be raised is over.", nameof(until));
            }

            _book.Endings.Expire(now, int.MaxValue, ref events);
            AccountLedger ledger = _book.Accounts.GroupOf(account).FindOrAdd(account, now, ref events);
            if (ledger.IsOverflow)
            {
                throw new InvalidOperationException(SharesOne);
            }

            if (!ledger.TryTopUp(amount, until?.UtcTicks, now, ref events))
            {
                throw new ArgumentException($"{TopUps.Most} top-ups of this account, each with an end of its own, are in force; more are not kept.", nameof(until));
            }

            state = _book.Read(account, now, ref events);
        }

        events.Raise();
        return new ValueTask<AccountState>(state);
    }

    /// <inheritdoc/>
    public ValueTask<AccountState> ResetAsync(Account account, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(account);
        var events = new EventBuffer(listener);
        AccountState state;
        lock (_gate)
        {
            long now = _clock.Now();
            _book.Endings.Expire(now, int.MaxValue, ref events);
            if (_book.Accounts.GroupOf(account).Renew(account, now, ref events) is null)
            {
                throw new InvalidOperationException(SharesOne);
            }

            state = _book.Read(account, now, ref events);
        }

        events.Raise();
        return new ValueTask<AccountState>(state);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<AccountReading>> ListAsync(
        Account account, Func<AccountKey, bool> filter, int most, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(account);
        ArgumentNullException.ThrowIfNull(filter);
        AccountGroup group;
        var expired = new EventBuffer(listener);
        lock (_gate)
        {
            _book.Endings.Expire(_clock.Now(), int.MaxValue, ref expired);
            group = _book.Accounts.GroupOf(account);
        }

        expired.Raise();
        List<AccountReading> found = [];
        int count = 0;
        for (int first = 0; first <= count && found.Count < most; first += AccountsAtOnce)
        {
            var events = new EventBuffer(listener);
            lock (_gate)
            {
                count = group.Count;
                group.AddReadings(found, filter, most, first, AccountsAtOnce, _clock.Now(), ref events);
            }

            events.Raise();
        }

        return new ValueTask<IReadOnlyList<AccountReading>>(found);
    }
}
