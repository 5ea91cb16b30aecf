using BudgetGuard.Accounting;
using StackExchange.Redis;

namespace BudgetGuard.Redis;

/// <summary>How the budgets are spent: as past weeks say, which Redis keeps, so that a node that goes on after another knows it too.</summary>
internal sealed class Schedules(RedisCostTracker tracker)
{
    // Longer than what is learned from.
    private static readonly long _kept = (long)TimeSpan.FromDays(35).TotalMilliseconds;

    private readonly Dictionary<string, SpendSchedule> _all = new(StringComparer.Ordinal);
    private readonly RecordWriter _record = new();

    /// <summary>Forgets what this node knows of them: another may know more by now.</summary>
    public void Forget() => _all.Clear();

    /// <summary>The schedule of a budget, at an instant in its window.</summary>
    public async ValueTask<SpendSchedule> LookAtAsync(WatchedBudget budget, CalendarWindow window, long now, CancellationToken cancellationToken)
    {
        RedisKey key = tracker.Prefix + "w:" + budget.Id;
        if (!_all.TryGetValue(budget.Id, out SpendSchedule? schedule))
        {
            byte[]? kept = (byte[]?)await tracker.RunScriptAsync(RedisScripts.Learned, [key], "", cancellationToken, 0).ConfigureAwait(false);
            schedule = Read(kept, budget.Terms.Window.Zone);
            _all.Add(budget.Id, schedule);
        }

        if (schedule.LookAt(window, now))
        {
            _record.Clear();
            schedule.Write(_record);
            await tracker.RunScriptAsync(RedisScripts.Learned, [key], _record.ToArray(), cancellationToken, _kept).ConfigureAwait(false);
        }

        return schedule;
    }

    private static SpendSchedule Read(byte[]? kept, TimeZoneInfo zone)
    {
        var schedule = new SpendSchedule(zone);
        if (kept is { Length: > 0 })
        {
            try
            {
                var record = new RecordReader(kept);
                schedule.Read(ref record);
            }
            catch (InvalidDataException)
            {
                // Something else wrote it: it is learned anew.
                return new SpendSchedule(zone);
            }
        }

        return schedule;
    }
}
