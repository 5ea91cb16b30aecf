using BudgetGuard.Accounting;
using StackExchange.Redis;

namespace BudgetGuard.Redis;

internal sealed partial class RedisCostTracker
{
    private const string SharesOne = "This partition shares one account with others, because the budget has more of them than MaxTrackedPartitions.";
    private const int ReadAtOnce = 200;

    /// <inheritdoc/>
    public async ValueTask<AccountState> TopUpAsync(Account account, long amount, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(account);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(amount);
        RedisFigures figures = await ChangeAsync(
            account, "T", until is { } end ? RedisTime.Of(end.UtcTicks) : "", Math.Min(amount, RedisLimits.Most), cancellationToken).ConfigureAwait(false);
        return figures.State;
    }

    /// <inheritdoc/>
    public async ValueTask<AccountState> ResetAsync(Account account, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(account);
        return (await ChangeAsync(account, "N", "", 0, cancellationToken).ConfigureAwait(false)).State;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<AccountReading>> ListAsync(
        Account account, Func<AccountKey, bool> filter, int most, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(account);
        ArgumentNullException.ThrowIfNull(filter);
        var whole = new Account(account.Terms, [], account.Limit);
        var place = new RedisAccount(_prefix, new Account(account.Terms, [.. account.Terms.Per.Select(static _ => (string?)null)], account.Limit));
        List<AccountReading> found = [];
        for (int first = 0; place.IsSplit && found.Count < most; first += ReadAtOnce)
        {
            var members = (RedisResult[])(await _transport.RunAsync(RedisScripts.Members, [place.Members], ["", first, first + ReadAtOnce - 1], cancellationToken)
                .ConfigureAwait(false))!;
            if (members.Length == 0)
            {
                break;
            }

            RedisKey[] keys = [.. members.Select(static member => (RedisKey)(string)member!)];
            var partitions = (RedisResult[])(await _transport.RunAsync(RedisScripts.Partition, keys, [""], cancellationToken).ConfigureAwait(false))!;
            Account[] some = [.. partitions.Select(text => Parse((string?)text, account)).OfType<Account>().Where(one => filter(one.Key))];
            await AddAsync(found, some, most, cancellationToken).ConfigureAwait(false);
        }

        if (found.Count < most)
        {
            // Asked about only where it is in use: a filter looks at partitions, and it has none.
            List<AccountReading> shared = [];
            await AddAsync(shared, [whole], 1, cancellationToken).ConfigureAwait(false);
            found.AddRange(shared.Where(one => filter(one.Account.Key)));
        }

        return found;
    }

    private static Account? Parse(string? text, Account account)
    {
        // One that gave its place to another is gone by now.
        return !string.IsNullOrEmpty(text) && AlertClaimText.ParsePartition(text) is { } values && values.Length == account.Terms.Per.Length
            ? new Account(account.Terms, values, account.Limit)
            : null;
    }

    private async ValueTask AddAsync(List<AccountReading> found, Account[] some, int most, CancellationToken cancellationToken)
    {
        if (some.Length == 0)
        {
            return;
        }

        RedisFigures[] figures = await ReadAsync(some, null, cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < some.Length && found.Count < most; i++)
        {
            if (figures[i].Settled + figures[i].Held + figures[i].Debt > 0 || figures[i].IsToppedUp)
            {
                found.Add(new AccountReading(new Account(some[i].Terms, some[i].Key.Partition, figures[i].Limit), figures[i].State));
            }
        }
    }

    private ValueTask<RedisFigures[]> ReadAsync(Account[] accounts, long? limit, CancellationToken cancellationToken) =>
        ReadAsync([.. accounts.Select(account => new RedisAccount(_prefix, account))], limit, cancellationToken);

    /// <summary>Reads accounts; without a limit each has that of its last hold.</summary>
    internal async ValueTask<RedisFigures[]> ReadAsync(RedisAccount[] places, long? limit, CancellationToken cancellationToken)
    {
        var keys = new RedisKey[2 + (places.Length * 3)];
        (keys[0], keys[1]) = (_open, _open);
        for (int i = 0; i < places.Length; i++)
        {
            (keys[2 + (i * 3)], keys[3 + (i * 3)], keys[4 + (i * 3)]) = (places[i].Own, places[i].Shared, places[i].Members);
        }

        RedisResult[] reply = await RunAsync(RedisScripts.Read, keys, now => Values(now), cancellationToken).ConfigureAwait(false);
        var figures = new RedisFigures[places.Length];
        for (int i = 0; i < places.Length; i++)
        {
            figures[i] = new RedisFigures(places[i], reply.AsSpan(1 + (i * RedisFigures.Count), RedisFigures.Count));
        }

        return figures;

        RedisValue[] Values(long now)
        {
            var values = new RedisValue[5 + (places.Length * RedisAccounts.Arguments)];
            (values[0], values[1], values[2], values[3], values[4]) = (SentTime(now), "-", "-", "-", places.Length);
            for (int i = 0; i < places.Length; i++)
            {
                places[i].Write(
                    values.AsSpan(5 + (i * RedisAccounts.Arguments), RedisAccounts.Arguments), limit is { } known ? Math.Clamp(known, 0, RedisLimits.Most) : null, 0, false, now);
            }

            return values;
        }
    }

    private async ValueTask<RedisFigures> ChangeAsync(Account account, string op, RedisValue until, long amount, CancellationToken cancellationToken)
    {
        var place = new RedisAccount(_prefix, account);
        RedisResult[] reply = await RunAsync(
            RedisScripts.Account,
            [_open, _open, place.Own, place.Shared, place.Members],
            now =>
            {
                var values = new RedisValue[5 + RedisAccounts.Arguments];
                (values[0], values[1], values[2], values[3], values[4]) = (SentTime(now), op, until, TopUps.Most, 1);
                place.Write(values.AsSpan(5), Math.Clamp(account.Limit, 0, RedisLimits.Most), amount, false, now);
                return values;
            },
            cancellationToken).ConfigureAwait(false);
        return (string?)reply[0] switch
        {
            "SHARED" => throw new InvalidOperationException(SharesOne),
            "OVER" => throw new ArgumentException("The time until which the limit would be raised is over.", nameof(until)),
            "MANY" => throw new ArgumentException(
                $"{TopUps.Most} top-ups of this account, each with an end of its own, are in force; more are not kept.", nameof(until)),
            _ => new RedisFigures(place, reply.AsSpan(1)),
        };
    }
}
