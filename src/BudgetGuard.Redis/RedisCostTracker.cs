using BudgetGuard.Accounting;
using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>
/// Keeps the accounts in Redis, where every node decides on the same ones: each step is one script and one round trip. The server's clock counts. A hold has its identity
/// before it is first tried, so that what became of a try whose answer was lost can be put right. What cannot be told to Redis now is told later, by the outbox.
/// </summary>
internal sealed partial class RedisCostTracker : ICostTracker, IBudgetLedger, IAsyncDisposable
{
    // A hold that is over has to be ended before something is refused for it; more rounds than these mean that others take what becomes free.
    private const int MostRounds = 50;
    internal const int SweptAtOnce = 250;

    private readonly IRedisTransport _transport;
    private readonly TimeProvider _time;
    private readonly Func<ExpiredHolds> _expiredHolds;
    private readonly AccountTelling _telling;
    private readonly RedisOutbox _outbox;
    private readonly RedisSignals _signals;
    private readonly string _prefix;
    private readonly RedisKey _open;
    private readonly string _node;
    private readonly bool _sendsTime;
    private long _unknownVersion;

    // By how many ticks the server's clock is ahead of this machine's.
    private long _ahead;

    /// <param name="transport">How scripts reach Redis.</param>
    /// <param name="tree">Whose accounts they are: all keys have it as their hash tag.</param>
    /// <param name="time">The clock; the server's counts.</param>
    /// <param name="expiredHolds">What becomes of holds that expire.</param>
    /// <param name="listener">Who hears of accounts.</param>
    /// <param name="signals">Where it tells of itself.</param>
    /// <param name="sendsTime">True for tests: the clock of this machine counts.</param>
    public RedisCostTracker(
        IRedisTransport transport, string tree, TimeProvider time, Func<ExpiredHolds> expiredHolds, IAccountEvents? listener, RedisSignals signals, bool sendsTime = false)
    {
        _transport = transport;
        _time = time;
        _expiredHolds = expiredHolds;
        _telling = new AccountTelling(listener, time);
        _prefix = $"bg1:{{{tree}}}:";
        _open = _prefix + "x";
        _recalls = _prefix + "recalls";
        _sendsTime = sendsTime;
        _signals = signals;
        _recall = new RedisRecall(time);
        _node = NameOf(NewId());
        _pulse = _prefix + "m:" + _node;
        _outbox = new RedisOutbox(this, time, signals);
        _watcher = new RedisWatcher(this, _telling, time);
    }

    /// <summary>How many settlements and releases wait to be told to Redis.</summary>
    public int Waiting => _outbox.Count;

    public async ValueTask<HoldResult> HoldAsync(HoldRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request.Accounts);
        ThrowIfNegative(request.Amount);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(request.Ttl, TimeSpan.Zero);
        cancellationToken.ThrowIfCancellationRequested();
        RedisAccounts accounts = PlacesOf(request.Accounts);
        HoldId id = request.Id == default ? NewId() : request.Id;
        var hold = new Hold(id, request.Accounts, request.Amount);
        RedisKey[] keys = accounts.Keys(KeyOf(id), _open);
        string name = NameOf(id);
        string fingerprint = HoldFingerprint.Of(accounts, request.Amount);
        RedisResult[] reply;
        try
        {
            reply = await RunAsync(
                RedisScripts.Hold,
                keys,
                now => accounts.Values(SentTime(now), name, fingerprint, RedisDuration(request.Ttl), now, account => account.HoldOf(request.Amount)),
                cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when ((request.Id == default || request.OwnsId) && failure is not RedisUnavailableException { WasSent: false })
        {
            // It may have been taken all the same; nobody knows of it, so it goes back. One with a name may be somebody else's.
            GoBack(hold);
            throw;
        }

        HoldResult result = ToResult(reply, hold, accounts, request.Amount, 0);
        if (result.Outcome == HoldOutcome.Held)
        {
            _recall.Held(hold, request.Ttl);
        }

        return result;
    }

    public async ValueTask<HoldResult> ExtendAsync(Hold hold, Charge more, CancellationToken cancellationToken)
    {
        ThrowIfNegative(more);
        cancellationToken.ThrowIfCancellationRequested();
        RedisAccounts accounts = PlacesOf(hold.Accounts);
        RedisResult[] reply = await RunAsync(
            RedisScripts.Extend,
            accounts.Keys(KeyOf(hold.Id), _open),
            now => accounts.Values(SentTime(now), NameOf(hold.Id), "-", "-", now, account => account.AmountOf(more)),
            cancellationToken).ConfigureAwait(false);
        HoldResult result = ToResult(reply, hold with { Amount = Saturating.Add(hold.Amount, more) }, accounts, more, 2);
        if (result.Outcome == HoldOutcome.Held)
        {
            _recall.Extended(result.Hold);
        }

        return result;
    }

    public ValueTask SettleAsync(Hold hold, Charge actual, CancellationToken cancellationToken)
    {
        ThrowIfNegative(actual);
        return DeliverAsync(new RedisEnding(RedisEndingKind.Settle, hold.Id == default ? hold with { Id = NewId() } : hold, default, actual), cancellationToken);
    }

    public ValueTask AdjustAsync(Hold hold, Charge settled, Charge actual, CancellationToken cancellationToken)
    {
        ThrowIfNegative(settled);
        ThrowIfNegative(actual);
        return DeliverAsync(new RedisEnding(RedisEndingKind.Adjust, hold, settled, actual, NewId()), cancellationToken);
    }

    public ValueTask ReleaseAsync(Hold hold, CancellationToken cancellationToken) =>
        hold.Id == default ? ValueTask.CompletedTask : DeliverAsync(new RedisEnding(RedisEndingKind.Release, hold, default, default), cancellationToken);

    public async ValueTask<AccountState> ReadAsync(Account account, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(account);
        return (await ReadAsync([account], account.Limit, cancellationToken).ConfigureAwait(false))[0].State;
    }

    /// <inheritdoc/>
    /// <remarks>What other nodes free is not known here, so that no denial is remembered.</remarks>
    public long ReadFreedVersion(AccountSet accounts) => Interlocked.Decrement(ref _unknownVersion);

    public async ValueTask<bool> ClaimAlertAsync(AlertClaim claim, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        TimeSpan left = claim.Until is { } until ? until - _time.GetUtcNow() : TimeSpan.FromDays(400);
        RedisValue[] values = ["", "C", (long)Math.Clamp(left.TotalMilliseconds, 1, TimeSpan.FromDays(400).TotalMilliseconds), .. OpenAlert.ValuesOf(claim, _prefix, _telling, Now())];
        RedisResult reply = await _transport.RunAsync(RedisScripts.Claim, [ClaimKey(claim), OpenAlert.KeyOf(_prefix)], values, cancellationToken).ConfigureAwait(false);
        return (long)reply == 1;
    }

    public async ValueTask ReleaseAlertAsync(AlertClaim claim, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        RedisValue[] values = ["", "R", 0, .. OpenAlert.ValuesOf(claim, _prefix, _telling, Now())];
        await _transport.RunAsync(RedisScripts.Claim, [ClaimKey(claim), OpenAlert.KeyOf(_prefix)], values, cancellationToken).ConfigureAwait(false);
        _telling.TellAgain(claim);
    }

    /// <summary>Tells Redis what is still to be told, within a bound.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _watcher.LeaveAsync().ConfigureAwait(false);
        }
        finally
        {
            await _outbox.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Ends holds whose time is over, some at once: nobody is refused for them, and what they hold is charged.</summary>
    /// <returns>How many it found; as many as it takes at once, where there may be more.</returns>
    internal async ValueTask<int> SweepAsync(CancellationToken cancellationToken)
    {
        var due = (RedisResult[]?)await _transport.RunAsync(RedisScripts.Due, [_open], [SentTime(Now()), SweptAtOnce], cancellationToken).ConfigureAwait(false);
        await Task.WhenAll((due ?? []).Select(one => ExpireAsync((string)one!, cancellationToken))).ConfigureAwait(false);
        return due?.Length ?? 0;
    }

    private async Task ExpireAsync(string name, CancellationToken cancellationToken)
    {
        RedisKey key = _prefix + "h:" + name;
        string? record = (string?)await _transport.RunAsync(RedisScripts.Get, [key, _open], ["", name], cancellationToken).ConfigureAwait(false);
        if (record is not null)
        {
            RedisValue[] values = [SentTime(Now()), name, "X", Remembered, _expiredHolds() == ExpiredHolds.Charge ? 1 : 0, 0];
            await _transport.RunAsync(RedisScripts.Finish, KeysOf(record, key), values, cancellationToken).ConfigureAwait(false);
        }
    }

    private static void ThrowIfNegative(in Charge charge)
    {
        if ((charge.Cost.Nanos | charge.Tokens | charge.Requests) < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(charge), charge, "No part of a charge is negative.");
        }
    }

    private static RedisValue RedisDuration(TimeSpan span) => Math.Max(1, span.Ticks / TimeSpan.TicksPerMicrosecond);

    internal static HoldId NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7().TryWriteBytes(bytes, bigEndian: true, out _);
        return new HoldId(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes), System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
    }

    private static string NameOf(HoldId id) => $"{id.High:x16}{id.Low:x16}";

    private RedisKey KeyOf(HoldId id) => _prefix + "h:" + NameOf(id);

    private RedisKey ClaimKey(AlertClaim claim) => RedisAccount.KeyOf(_prefix, "c:", AlertClaimText.Of(claim));

    private long Now() => _time.GetUtcNow().UtcTicks + Volatile.Read(ref _ahead);

    private RedisValue SentTime(long now) => _sendsTime ? RedisTime.Of(now) : "";

    private RedisAccounts PlacesOf(AccountSet set)
    {
        if (set.TrackerState is RedisAccounts known && known.Prefix == _prefix)
        {
            return known;
        }

        foreach (Account account in set.Accounts)
        {
            if (account.Limit > RedisLimits.Most)
            {
                throw new ArgumentException($"The limit of {account.Terms.Name} is {account.Limit}; in Redis at most {RedisLimits.Most} of a unit can be counted.", nameof(set));
            }
        }

        var made = new RedisAccounts(_prefix, set);
        set.TrackerState = made;
        Met(made);
        return made;
    }

    /// <summary>Runs a script until it has an answer: one that finds holds that are over ends them first, one of another window than the caller thinks is asked anew.</summary>
    private async ValueTask<RedisResult[]> RunAsync(RedisScript script, RedisKey[] keys, Func<long, RedisValue[]> values, CancellationToken cancellationToken)
    {
        for (int round = 0; round < MostRounds; round++)
        {
            var reply = (RedisResult[])(await _transport.RunAsync(script, keys, values(Now()), cancellationToken).ConfigureAwait(false))!;
            switch ((string?)reply[0])
            {
                case "DUE":
                    await SweepAsync(cancellationToken).ConfigureAwait(false);
                    break;
                case "CLOCK":
                    Volatile.Write(ref _ahead, RedisTime.TicksOf((long)reply[1]) - _time.GetUtcNow().UtcTicks);
                    break;
                default:
                    return reply;
            }
        }

        throw new TimeoutException($"The script {script.Name} found holds that are over {MostRounds} times.");
    }
}
