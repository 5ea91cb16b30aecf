using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>How a hold can end.</summary>
internal enum RedisEndingKind
{
    Settle,
    Adjust,
    Release,

    /// <summary>Like a correction, of a part of what was borrowed: only where it was charged, and only if all of it is told already.</summary>
    GiveBack,

    /// <summary>None: a part of what was borrowed is spent, a part is kept, and the rest goes back.</summary>
    Report,
}

/// <summary>The end of a hold, as it is told to Redis: as often as it takes, because it counts once.</summary>
/// <param name="Kind">How it ends.</param>
/// <param name="Hold">The hold.</param>
/// <param name="Settled">Of a correction: what it was settled at.</param>
/// <param name="Actual">What it really used.</param>
/// <param name="Name">Of a correction: by what one that is told again is known.</param>
/// <param name="Tries">How often it came before what it corrects.</param>
internal readonly record struct RedisEnding(RedisEndingKind Kind, Hold Hold, Charge Settled, Charge Actual, HoldId Name = default, int Tries = 0);

internal sealed partial class RedisCostTracker
{
    /// <summary>How long the end of a hold is remembered, in milliseconds: two days.</summary>
    private const long Remembered = 48L * 3600 * 1000;

    // Before the fingerprint of what a node has borrowed.
    private const string LeaseMark = "L";

    /// <summary>Tells Redis the end of a hold; the caller sees to it that it is told again.</summary>
    internal async ValueTask TellAsync(RedisEnding ending, CancellationToken cancellationToken)
    {
        RedisAccounts accounts = PlacesOf(ending.Hold.Accounts);
        RedisKey key = KeyOf(ending.Hold.Id);
        string name = NameOf(ending.Hold.Id);
        RedisKey[] charged = accounts.ChargedKeys(key, _open);
        RedisKey[] keys = charged;
        RedisValue[] values = FinishValues(ending, accounts, name);
        for (int round = 0; round < MostRounds; round++)
        {
            values[0] = SentTime(Now());
            var reply = (RedisResult[])(await _transport.RunAsync(RedisScripts.Finish, keys, values, cancellationToken).ConfigureAwait(false))!;
            switch ((string?)reply[0])
            {
                case "NONE" when ending.Kind == RedisEndingKind.GiveBack:
                    return;
                case "EARLY":
                    throw new EarlyEndingException();
                case "NONE":
                    if (await TellUnknownAsync(ending, accounts, cancellationToken).ConfigureAwait(false))
                    {
                        return;
                    }

                    break;
                case "KEYS":
                    keys = [.. charged, .. KeysOf((string)reply[1]!, key).Except(charged)];
                    break;
                default:
                    Tell(reply, accounts, ending.Hold.Accounts, isSettled: ending.Kind != RedisEndingKind.Release);
                    return;
            }
        }

        throw new TimeoutException("The end of a hold found it known and unknown by turns.");
    }

    private static RedisValue[] FinishValues(in RedisEnding ending, RedisAccounts accounts, string name)
    {
        int charged = accounts.Charged;
        var values = new RedisValue[6 + (charged * 3)];
        (values[0], values[1], values[2]) = ("", name, OperationOf(ending.Kind));
        (values[3], values[4], values[5]) = (Remembered, NameOf(ending.Name), charged);
        int at = 6;
        int members = 2 + charged;
        foreach (RedisAccount account in accounts.All)
        {
            RedisValue settled = account.AmountOf(ending.Kind is RedisEndingKind.Adjust or RedisEndingKind.GiveBack or RedisEndingKind.Report ? ending.Settled : ending.Actual);
            RedisValue actual = account.AmountOf(ending.Actual);
            (values[at], values[at + 1], values[at + 2]) = (settled, actual, account.IsSplit ? ++members : 0);
            at += 3;
            if (account.IsSplit)
            {
                (values[at], values[at + 1], values[at + 2]) = (settled, actual, 0);
                at += 3;
            }
        }

        return values;
    }

    private static RedisValue OperationOf(RedisEndingKind kind) => kind switch
    {
        RedisEndingKind.Settle => "S",
        RedisEndingKind.Adjust => "A",
        RedisEndingKind.Report => "P",
        RedisEndingKind.GiveBack => "B",
        _ => "R",
    };

    /// <summary>The keys a script needs for a hold as it is kept.</summary>
    private RedisKey[] KeysOf(string record, RedisKey hold)
    {
        List<RedisKey> keys = [hold, _open];
        string[] lines = record.Split('\n');
        for (int i = 1; i < lines.Length; i++)
        {
            keys.Add(lines[i][..lines[i].IndexOf(' ')]);
        }

        return [.. keys];
    }

    /// <summary>The end of a hold that Redis does not know; false if it does by now.</summary>
    private async ValueTask<bool> TellUnknownAsync(RedisEnding ending, RedisAccounts accounts, CancellationToken cancellationToken)
    {
        bool isAdjustment = ending.Kind == RedisEndingKind.Adjust;

        // A difference has an identity of its own, so that it counts once.
        HoldId id = isAdjustment ? ending.Name : ending.Hold.Id;
        string op = ending.Kind switch { RedisEndingKind.Settle => "S", RedisEndingKind.Adjust => "D", _ => "R" };
        RedisResult[] reply = await RunAsync(
            RedisScripts.Unknown,
            accounts.Keys(KeyOf(id), _open),
            now => accounts.Values(
                SentTime(now), NameOf(id), Remembered, op, now, account => account.AmountOf(ending.Actual) - (isAdjustment ? account.AmountOf(ending.Settled) : 0)),
            cancellationToken).ConfigureAwait(false);
        if ((string?)reply[0] == "KNOWN")
        {
            return isAdjustment;
        }

        Tell(reply, accounts, ending.Hold.Accounts, isSettled: ending.Kind != RedisEndingKind.Release);
        return true;
    }

    /// <summary>Tells Redis now, or leaves it to the outbox, which tells it later; then the caller is told that it is not there yet.</summary>
    private async ValueTask DeliverAsync(RedisEnding ending, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ending.Hold.Accounts);
        _recall.EndedAs(ending);
        try
        {
            await TellAsync(ending, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not ArgumentException)
        {
            _outbox.Add(ending);
            throw;
        }
    }

    /// <summary>Gives back what may have been held though nobody was told so.</summary>
    private void GoBack(in Hold hold)
    {
        var ending = new RedisEnding(RedisEndingKind.Release, hold, default, default);
        _recall.EndedAs(ending);
        _outbox.Add(ending);
    }

    private void Tell(RedisResult[] reply, RedisAccounts accounts, AccountSet cause, bool isSettled)
    {
        if ((string?)reply[0] == "OK")
        {
            _telling.Ended(reply.AsSpan(1), accounts, cause, isSettled);
        }
    }

    private HoldResult ToResult(RedisResult[] reply, in Hold hold, RedisAccounts accounts, in Charge asked, int extra)
    {
        string outcome = (string)reply[0]!;
        if (outcome == "CONFLICT")
        {
            return new HoldResult(HoldOutcome.Conflict, default, default);
        }

        if (outcome == "DENY")
        {
            return new HoldResult(HoldOutcome.Refused, default, _telling.Refused(reply.AsSpan(1), accounts, hold.Accounts, asked, Now(), extra));
        }

        int count = accounts.All.Length;
        int tightest = 0;
        long least = 0;
        bool isUsd = false;
        for (int i = 0; i < count; i++)
        {
            long left = (long)reply[2 + i];
            bool countsUsd = accounts.All[i].Account.Terms.Unit == BudgetUnit.Usd;
            if (countsUsd ? !isUsd || left < least : i == 0)
            {
                (tightest, least) = (i, left);
            }

            isUsd |= countsUsd;
        }

        return new HoldResult(HoldOutcome.Held, hold, _telling.Refused(reply.AsSpan(2 + count), accounts, hold.Accounts, asked, Now(), extra))
        {
            Tightest = tightest,
            Remaining = least,
            IsRepeat = outcome == "SAME",
        };
    }
}
