using System.Collections.Concurrent;
using System.Collections.Immutable;
using BudgetGuard.Accounting;
using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>
/// Tells what accounts have to tell, from what scripts answer: a threshold that a settlement passed, a refusal, an overshoot. Each node tells what it saw; which of them
/// is sent is a matter of the alert's claim.
/// </summary>
internal sealed class AccountTelling(IAccountEvents? listener, TimeProvider time)
{
    // Refusals that were told; past it all are forgotten, and told once more.
    private const int MostTold = 10_000;

    private readonly ConcurrentDictionary<Told, byte> _told = new();

    // What was used when an account refused, and its limit: until the alert is claimed.
    private readonly ConcurrentDictionary<(AccountKey Account, long Since, int Round), (long Level, long Limit)> _levels = new();

    public bool HasListener => listener is not null;

    /// <summary>The refusals of a reply; default where there are none.</summary>
    /// <param name="values">For each: which account, its figures, and of an extension what it needs and has.</param>
    /// <param name="accounts">The accounts.</param>
    /// <param name="cause">Whose request it is.</param>
    /// <param name="asked">What was asked for.</param>
    /// <param name="now">The instant, in ticks.</param>
    /// <param name="extra">How many values follow the figures.</param>
    public ImmutableArray<Refusal> Refused(ReadOnlySpan<RedisResult> values, RedisAccounts accounts, AccountSet cause, in Charge asked, long now, int extra)
    {
        int each = 1 + RedisFigures.Count + extra;
        if (values.Length < each)
        {
            return default;
        }

        var refusals = ImmutableArray.CreateBuilder<Refusal>(values.Length / each);
        for (int at = 0; at < values.Length; at += each)
        {
            RedisAccount account = accounts.All[(int)values[at]];
            var figures = new RedisFigures(account, values.Slice(at + 1, RedisFigures.Count));
            long amount = extra > 0 ? (long)values[at + 1 + RedisFigures.Count] : account.HoldOf(asked);
            Refusal refusal = figures.Refuse(amount, extra > 0 ? (long)values[at + 2 + RedisFigures.Count] : 0, now);
            refusals.Add(refusal);
            Tell(refusal, account, figures, cause);
        }

        return refusals.MoveToImmutable();
    }

    /// <summary>What the end of a hold has changed.</summary>
    public void Ended(ReadOnlySpan<RedisResult> values, RedisAccounts accounts, AccountSet cause, bool isSettled)
    {
        if (listener is null || !isSettled)
        {
            return;
        }

        foreach (RedisResult value in values)
        {
            var change = new AccountChange((string)value!);
            foreach (RedisAccount account in accounts.All)
            {
                if (account.Own == change.Key || account.Shared == change.Key)
                {
                    Tell(change, account, cause);
                    break;
                }
            }
        }
    }

    /// <summary>Tells what was found.</summary>
    public void Tell(AccountEvent found) => listener?.Occurred(found);

    /// <summary>Tells what is found at each look; once.</summary>
    public void TellOnce(AccountEvent found)
    {
        if (TryTell(new Told(found.Account.Key, found.Notice, found.Since, found.Round, found.Threshold, found.Kind == AccountEventKind.Spiked)))
        {
            Tell(found);
        }
    }

    /// <summary>What was used when an account refused, and its limit then; nothing where this node did not see it.</summary>
    public (long Level, long Limit) LevelOf(in AccountKey account, long since, int round) =>
        _levels.TryRemove((account, since, round), out (long Level, long Limit) known) ? known : default;

    /// <summary>Lets what could not be delivered be told again.</summary>
    public void TellAgain(AlertClaim claim)
    {
        if (claim.Account is { } account)
        {
            foreach (Told told in _told.Keys)
            {
                if (told.Account == account.Key)
                {
                    _told.TryRemove(told, out _);
                }
            }
        }
    }

    private void Tell(Refusal refusal, RedisAccount account, in RedisFigures figures, AccountSet cause)
    {
        NoticeKind kind = refusal.ExceedsLimit ? NoticeKind.TooLarge : refusal.IsHeldByOthers ? NoticeKind.HeldByOthers : NoticeKind.Exceeded;
        long since = account.Kind == "C" ? figures.Since : time.GetUtcNow().UtcTicks / TimeSpan.TicksPerHour * TimeSpan.TicksPerHour;
        if (listener is null || !TryTell(new Told(account.Account.Key, kind, since, figures.Round, 0)))
        {
            return;
        }

        if (kind == NoticeKind.Exceeded)
        {
            if (_levels.Count >= MostTold)
            {
                _levels.Clear();
            }

            AccountKey key = figures.IsShared ? new AccountKey(account.Account.Terms, []) : account.Account.Key;
            _levels[(key, since, figures.Round)] = (figures.Settled + figures.Debt, figures.Limit);
        }

        listener.Occurred(new AccountEvent(AccountEventKind.Refused, account.Account, refusal.State, Refusal: refusal, IsShared: figures.IsShared)
        {
            Notice = kind,
            Since = since,
            Round = figures.Round,
            Throttles = account.Account.Terms.OnExceeded == BudgetAction.Throttle && refusal.RetryAt is not null,
            Cause = cause,
        });
    }

    private void Tell(in AccountChange change, RedisAccount account, AccountSet cause)
    {
        (bool isShared, long before, long setAside) = (change.IsShared, change.Before, change.SetAside);
        (long settled, long held, long debt, long limit) = (change.Settled, change.Held, change.Debt, change.Limit);
        (long start, long end, int round) = (change.Start, change.End, change.Round);
        bool isCalendar = account.Kind == "C" && end < RedisTime.Most;
        var state = new AccountState(settled, held, debt, limit, isCalendar ? RedisTime.InstantOf(start) : null, isCalendar ? RedisTime.InstantOf(end) : null);
        long since = account.Kind == "C" && !isCalendar ? 0 : RedisTime.TicksOf(start);
        decimal reached = 0;
        foreach (decimal share in account.Account.Terms.AlertAt.IsDefault ? [] : account.Account.Terms.AlertAt)
        {
            long level = AccountFigures.AmountAt(share, limit);
            reached = before < level && settled + debt >= level ? share : reached;
        }

        if (reached > 0)
        {
            listener!.Occurred(new AccountEvent(AccountEventKind.ThresholdReached, account.Account, state, Threshold: reached, IsShared: isShared)
            {
                Notice = NoticeKind.Threshold,
                Since = since,
                Round = round,
                Cause = cause,
            });
        }

        long charged = settled + debt - before;
        if (charged > setAside && settled + held + debt > limit)
        {
            listener!.Occurred(new AccountEvent(AccountEventKind.Overshot, account.Account, state, Amount: charged - setAside, IsShared: isShared) { Cause = cause });
        }
    }

    private bool TryTell(in Told told)
    {
        if (_told.Count >= MostTold)
        {
            _told.Clear();
        }

        return _told.TryAdd(told, 0);
    }

    private readonly record struct Told(AccountKey Account, NoticeKind Kind, long Since, int Round, decimal Share, bool IsSpike = false);
}
