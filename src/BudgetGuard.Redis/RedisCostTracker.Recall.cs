using StackExchange.Redis;

namespace BudgetGuard.Redis;

internal sealed partial class RedisCostTracker
{
    private const string LossMark = "L";

    private readonly RedisRecall _recall;
    private readonly RedisKey _pulse;
    private long _pulses;
    private long _losses;
    private string _server = "";

    // The mark of a loss for which everything was told again.
    private string _toldFor = "";

    /// <summary>How often it looked if the server has lost anything.</summary>
    internal long Pulses => Volatile.Read(ref _pulses);

    /// <summary>How many nodes there are, as far as this one knows.</summary>
    internal int Nodes { get; private set; } = 1;

    /// <summary>How often the server had.</summary>
    internal long Losses => Volatile.Read(ref _losses);

    /// <summary>
    /// Looks if the server has lost what it had acknowledged, and then tells it again what this node knows: as often as it takes, because the server keeps in mind that it
    /// was not told everything yet.
    /// </summary>
    internal async ValueTask PulseAsync(CancellationToken cancellationToken)
    {
        _recall.ForgetExpired();
        string mark = LossMark + NameOf(NewId());
        var found = (RedisResult[])(await _transport.RunAsync(
            RedisScripts.Pulse, [_pulse, _prefix + "nodes", _recalls], [SentTime(Now()), Pulses, _node, _server, _toldFor, mark, _recalledUntil], cancellationToken)
            .ConfigureAwait(false))!;
        if (!_sendsTime)
        {
            Volatile.Write(ref _ahead, RedisTime.TicksOf((long)found[1]) - _time.GetUtcNow().UtcTicks);
        }

        Nodes = Math.Max(1, (int)found[2]);
        AddRecalled((RedisResult[])found[3]!);
        _recalledUntil = (long)found[1];
        _server = (string?)found[4] ?? "";
        _toldFor = "";
        if ((string?)found[0] == "0")
        {
            Interlocked.Increment(ref _pulses);
            return;
        }

        await TellAgainAsync(cancellationToken).ConfigureAwait(false);
        _toldFor = mark;
    }

    private async ValueTask TellAgainAsync(CancellationToken cancellationToken)
    {
        IReadOnlyCollection<OpenHold> open = _recall.Open;
        IReadOnlyCollection<RedisEnding> ended = _recall.Ended;
        foreach (OpenHold one in open)
        {
            RedisAccounts accounts = PlacesOf(one.Hold.Accounts);
            Charge amount = one.Hold.Amount;

            // Whatever others were admitted to meanwhile: it was taken, so it counts, also above the limit.
            await RunAsync(
                RedisScripts.Hold,
                accounts.Keys(KeyOf(one.Hold.Id), _open),
                now =>
                [
                    .. accounts.Values(
                        SentTime(now), NameOf(one.Hold.Id), one.Mark + HoldFingerprint.Of(accounts, amount), RedisDuration(one.Ttl), now, account => account.HoldOf(amount), enforces: false),
                    1,
                ],
                cancellationToken).ConfigureAwait(false);
        }

        foreach (RedisEnding ending in ended)
        {
            try
            {
                await TellAsync(ending, cancellationToken).ConfigureAwait(false);
            }
            catch (EarlyEndingException)
            {
                _outbox.Add(ending);
            }
        }

        _signals.ToldAgain(open.Count, ended.Count);
        Interlocked.Increment(ref _losses);
    }
}
