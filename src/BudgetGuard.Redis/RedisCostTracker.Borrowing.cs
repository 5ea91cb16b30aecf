using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>How a node borrows a part of an account: as a hold that it spends bit by bit, and that is charged whole if nobody hears of the node any more.</summary>
internal sealed partial class RedisCostTracker
{
    private const int MostRecalled = 1_000;

    private readonly RedisKey _recalls;
    private HashSet<string>? _recalled;
    private long _recalledUntil;

    /// <summary>What time it is on the server, in ticks, as far as this node knows.</summary>
    internal long ServerNow => Now();

    internal RedisAccounts AccountsOf(AccountSet set) => PlacesOf(set);

    /// <summary>Borrows an amount; null where it is refused.</summary>
    /// <returns>The hold it is, and what the account has left.</returns>
    internal async ValueTask<(Hold Hold, long Left)?> BorrowAsync(AccountSet single, Charge amount, TimeSpan ttl, CancellationToken cancellationToken)
    {
        RedisAccounts accounts = PlacesOf(single);
        var hold = new Hold(NewId(), single, amount);
        string fingerprint = LeaseMark + HoldFingerprint.Of(accounts, amount);
        RedisResult[] reply;
        try
        {
            reply = await RunAsync(
                RedisScripts.Hold,
                accounts.Keys(KeyOf(hold.Id), _open),
                now => accounts.Values(SentTime(now), NameOf(hold.Id), fingerprint, RedisDuration(ttl), now, account => account.HoldOf(amount)),
                cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not RedisUnavailableException { WasSent: false })
        {
            GoBack(hold);
            throw;
        }

        if ((string?)reply[0] != "OK")
        {
            return null;
        }

        _recall.Held(hold, ttl, LeaseMark);
        return (hold, (long)reply[2]);
    }

    /// <summary>Lets what is borrowed last anew; false if it is over.</summary>
    internal async ValueTask<bool> RenewAsync(Hold hold, CancellationToken cancellationToken) =>
        (await ExtendAsync(hold, default, cancellationToken).ConfigureAwait(false)).Outcome == HoldOutcome.Held;

    /// <summary>Tells how much of what is borrowed is spent, and how much this node keeps; the rest goes back. False if it is over.</summary>
    internal async ValueTask<bool> ReportAsync(Hold hold, Charge kept, Charge spent, CancellationToken cancellationToken)
    {
        RedisAccounts accounts = PlacesOf(hold.Accounts);
        var report = new RedisEnding(RedisEndingKind.Report, hold, kept, spent);
        var reply = (RedisResult[])(await _transport.RunAsync(
            RedisScripts.Finish, accounts.ChargedKeys(KeyOf(hold.Id), _open), TimedFinishValues(report, accounts), cancellationToken).ConfigureAwait(false))!;
        Tell(reply, accounts, hold.Accounts, isSettled: true);
        return (string?)reply[0] == "OK";
    }

    /// <summary>Gives back what a part that was borrowed was charged too much, in its own window; nothing where that is not kept any more.</summary>
    internal async ValueTask GiveBackAsync(Hold part, Charge charged, Charge actual, CancellationToken cancellationToken)
    {
        var ending = new RedisEnding(RedisEndingKind.GiveBack, part, charged, actual, NewId());
        if (_outbox.Count == 0)
        {
            try
            {
                await DeliverAsync(ending, cancellationToken).ConfigureAwait(false);
            }
            catch (EarlyEndingException)
            {
                // The outbox has it, and tells it once the part is told.
            }

            return;
        }

        // What it corrects may be among what waits: it comes after that.
        _recall.EndedAs(ending);
        _outbox.Add(ending);
    }

    /// <summary>Asks all nodes for what they have borrowed of some accounts and do not use.</summary>
    internal async ValueTask CallBackAsync(AccountSet set, CancellationToken cancellationToken) =>
        await _transport.RunAsync(
            RedisScripts.Recall, [_recalls, .. PlacesOf(set).All.Select(static account => account.Own)], [SentTime(Now())], cancellationToken).ConfigureAwait(false);

    /// <summary>The accounts of which nodes were asked for what they borrowed, since this was last looked at; null if there are none.</summary>
    internal HashSet<string>? TakeRecalled() => Interlocked.Exchange(ref _recalled, null);

    private void AddRecalled(RedisResult[] found)
    {
        if (found.Length == 0)
        {
            return;
        }

        // One that nobody takes, because nothing is borrowed here, does not grow.
        HashSet<string> recalled = TakeRecalled() is { Count: < MostRecalled } known ? known : [];
        foreach (RedisResult one in found)
        {
            recalled.Add((string)one!);
        }

        Volatile.Write(ref _recalled, recalled);
    }

    private RedisValue[] TimedFinishValues(in RedisEnding ending, RedisAccounts accounts)
    {
        RedisValue[] values = FinishValues(ending, accounts, NameOf(ending.Hold.Id));
        values[0] = SentTime(Now());
        return values;
    }
}
