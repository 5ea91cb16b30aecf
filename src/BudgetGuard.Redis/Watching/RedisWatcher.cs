using BudgetGuard.Accounting;
using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>
/// Looks at all accounts that Redis keeps: for what is over, for forecasts and for unusual minutes. One node does at a time. What it found is noted in Redis, so that
/// another can go on; what it tells is claimed as any other alert.
/// </summary>
internal sealed class RedisWatcher : IFindings
{
    private readonly RedisCostTracker _tracker;
    private readonly AccountTelling _telling;
    private readonly TimeProvider _time;
    private readonly WatchSeat _seat;
    private readonly Schedules _schedules;
    private readonly HashSet<string> _notForetold = new(StringComparer.Ordinal);
    private readonly RecordWriter _record = new();

    public RedisWatcher(RedisCostTracker tracker, AccountTelling telling, TimeProvider time)
    {
        _tracker = tracker;
        _telling = telling;
        _time = time;
        _seat = new WatchSeat(tracker, time);
        _schedules = new Schedules(tracker);
    }

    public async ValueTask ScanAsync(CancellationToken cancellationToken)
    {
        if (!_telling.HasListener || !await _seat.TakeAsync(cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        if (_seat.IsNew)
        {
            _schedules.Forget();
        }

        Dictionary<string, WatchedBudget> budgets = _tracker.AllBudgets();
        var walk = new AccountWalk(_tracker, _time);
        _notForetold.Clear();
        await foreach (WatchedAccount[] some in walk.AccountsAsync([.. budgets.Values.Where(static budget => budget.IsWatched)], cancellationToken).ConfigureAwait(false))
        {
            await LookAsync(some, cancellationToken).ConfigureAwait(false);
            if (!await _seat.KeepAsync(cancellationToken).ConfigureAwait(false))
            {
                return;
            }
        }

        await TellOverAsync(budgets, walk, cancellationToken).ConfigureAwait(false);
        _seat.IsNew = false;
    }

    public async ValueTask<List<BudgetUsage>?> SummarizeAsync(CancellationToken cancellationToken)
    {
        if (!await _seat.TakeAsync(cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        var fullest = new Dictionary<string, BudgetUsage>(StringComparer.Ordinal);
        var walk = new AccountWalk(_tracker, _time);
        await foreach (WatchedAccount[] some in walk.AccountsAsync([.. _tracker.AllBudgets().Values], cancellationToken).ConfigureAwait(false))
        {
            foreach (WatchedAccount account in some)
            {
                BudgetTerms terms = account.Budget.Terms;
                long used = account.Place.Kind == "S" ? account.Figures.Held : account.Figures.Settled + account.Figures.Debt;
                if (used > 0)
                {
                    BudgetUsage one = new(terms.Name, terms.Unit, used, account.Figures.Limit, 1);
                    BudgetUsage known = fullest.GetValueOrDefault(account.Budget.Id, one with { Accounts = 0 });
                    fullest[account.Budget.Id] = (one.IsFullerThan(known) ? one : known) with { Accounts = known.Accounts + 1 };
                }
            }

            if (!await _seat.KeepAsync(cancellationToken).ConfigureAwait(false))
            {
                return null;
            }
        }

        return [.. fullest.Values];
    }

    /// <summary>Leaves it to the others.</summary>
    public ValueTask LeaveAsync() => _seat.LeaveAsync();

    public void Reached(in WatchedAccount account)
    {
        long used = account.Figures.Settled + account.Figures.Debt;
        decimal reached = 0;
        foreach (decimal share in account.Budget.Terms.AlertAt.IsDefault ? [] : account.Budget.Terms.AlertAt)
        {
            reached = used >= AccountFigures.AmountAt(share, account.Figures.Limit) ? share : reached;
        }

        if (reached > 0)
        {
            _telling.TellOnce(EventOf(account, AccountEventKind.ThresholdReached) with { Notice = NoticeKind.Threshold, Threshold = reached });
        }
    }

    public void Unusual(in WatchedAccount account, long amount, long usual)
    {
        // Once an hour, as its claim says it.
        long now = _tracker.ServerNow;
        _telling.TellOnce(
            EventOf(account, AccountEventKind.Spiked) with { Amount = amount, Expected = usual, IsMinute = true, Since = now - (now % TimeSpan.TicksPerHour), Round = 0 });
    }

    public void Foretold(in WatchedAccount account, long projected, DateTimeOffset? goneBy) =>
        _telling.TellOnce(
            EventOf(account, AccountEventKind.Forecast) with
            {
                Notice = NoticeKind.Forecast, Threshold = account.Budget.Terms.ForecastAt, Amount = projected, GoneBy = goneBy,
            });

    public void NotForetold(in WatchedAccount account) =>
        _notForetold.Add(OpenAlert.NameOf(
            account.Budget.Id, AlertTypes.ForecastExceeded, account.Figures.Since, AlertClaimText.PartitionOf(account.Place.Account.Key)));

    private static AccountEvent EventOf(in WatchedAccount account, AccountEventKind kind) =>
        new(kind, account.Account, account.Figures.State, IsShared: account.IsShared) { Since = account.Figures.Since, Round = account.Figures.Round };

    private async ValueTask LookAsync(WatchedAccount[] some, CancellationToken cancellationToken)
    {
        long now = _tracker.ServerNow;
        List<RedisKey> keys = [];
        List<RedisValue> notes = [];
        foreach (WatchedAccount account in some)
        {
            SpendSchedule? schedule = null;
            if (account.Budget.IsForecast)
            {
                CalendarWindow window = account.Place.WindowAt(now);
                if (window.Index != account.Figures.Window.Index)
                {
                    // Its window ended while it was asked for: the next look sees the other.
                    continue;
                }

                schedule = await _schedules.LookAtAsync(account.Budget, window, now, cancellationToken).ConfigureAwait(false);
            }

            var note = AccountNote.Read(account.Noted);
            if (note.Look(account, schedule, now, _seat.IsNew, this))
            {
                _record.Clear();
                note.Write(_record);
                keys.Add(account.Place.Own);
                notes.Add(_record.ToArray());
            }
        }

        if (keys.Count > 0)
        {
            await _tracker.RunScriptAsync(RedisScripts.Note, [.. keys], null, cancellationToken, [.. notes]).ConfigureAwait(false);
        }
    }

    /// <summary>Tells what is over of all that was told.</summary>
    private async ValueTask TellOverAsync(Dictionary<string, WatchedBudget> budgets, AccountWalk walk, CancellationToken cancellationToken)
    {
        RedisKey key = OpenAlert.KeyOf(_tracker.Prefix);
        string at = "0";
        do
        {
            await walk.PaceAsync(1, cancellationToken).ConfigureAwait(false);
            var reply = (RedisResult[])(await _tracker.RunScriptAsync(RedisScripts.Opened, [key], at, cancellationToken, AccountWalk.AtOnce).ConfigureAwait(false))!;
            at = (string)reply[0]!;
            for (int first = 1; first < reply.Length; first += 2 * AccountWalk.AtOnce)
            {
                RedisResult[] some = reply[first..Math.Min(first + (2 * AccountWalk.AtOnce), reply.Length)];
                await walk.PaceAsync(some.Length / 2, cancellationToken).ConfigureAwait(false);
                RedisValue[] over = await OverAsync(some, budgets, cancellationToken).ConfigureAwait(false);
                if (over.Length > 0)
                {
                    await _tracker.RunScriptAsync(RedisScripts.Ended, [key], null, cancellationToken, over).ConfigureAwait(false);
                }
            }
        }
        while (at != "0" && await _seat.KeepAsync(cancellationToken).ConfigureAwait(false));
    }

    private async ValueTask<RedisValue[]> OverAsync(RedisResult[] some, Dictionary<string, WatchedBudget> budgets, CancellationToken cancellationToken)
    {
        long now = _tracker.ServerNow;
        List<RedisValue> over = [];
        List<(OpenAlert Alert, WatchedBudget Budget, RedisAccount Place)> known = [];
        for (int i = 0; i < some.Length; i += 2)
        {
            var alert = OpenAlert.Read((RedisValue)some[i], (string)some[i + 1]!);
            if (alert is not null && budgets.TryGetValue(alert.Budget, out WatchedBudget? budget))
            {
                RedisAccount? place = alert.Partition == "[]" ? budget.Whole : budget.PartitionOf(_tracker.Prefix, alert.Partition);
                if (place is not null)
                {
                    known.Add((alert, budget, place));
                    continue;
                }
            }

            if (alert is null || alert.KeptUntil <= now)
            {
                over.Add((RedisValue)some[i]);
            }
        }

        if (known.Count > 0)
        {
            RedisFigures[] figures = await _tracker.ReadAsync([.. known.Select(static one => one.Place)], null, cancellationToken).ConfigureAwait(false);
            for (int i = 0; i < figures.Length; i++)
            {
                (OpenAlert alert, WatchedBudget budget, RedisAccount place) = known[i];
                if (alert.IsOver(place, figures[i], now) || _notForetold.Contains((string)alert.Name!))
                {
                    _telling.Tell(alert.Recovered(new WatchedAccount(budget, place, figures[i], [])));
                    over.Add(alert.Name);
                }
            }
        }

        return [.. over];
    }
}
