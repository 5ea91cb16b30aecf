using System.Collections.Immutable;
using System.Globalization;
using BudgetGuard.Accounting;
using BudgetGuard.Configuration;

namespace BudgetGuard.Alerts.Raising;

/// <summary>
/// Once a local day, from the configured time on, tells what each budget has used. The day counts, not the moment: a local time that does not exist is told
/// when the clock has passed it, one that comes twice is told once.
/// </summary>
internal sealed class DailySummary(SettingsSource settings, AlertRaiser alerts, TimeProvider time)
{
    private const int Most = 50;

    private DateOnly _told;
    private (TimeOnly At, TimeZoneInfo Zone)? _plan;

    public async ValueTask TellIfDueAsync(IAccountScan accounts, CancellationToken cancellationToken)
    {
        AlertSettings current = settings.Current.Alerts;
        if (current.DailySummaryAt is not { } at)
        {
            _plan = null;
            return;
        }

        DateTimeOffset now = time.GetUtcNow();
        DateTime local = TimeZoneInfo.ConvertTime(now, current.TimeZone).DateTime;
        var today = DateOnly.FromDateTime(local);

        // A look that comes after midnight still tells what was due late on the day before.
        DateOnly due = TimeOnly.FromDateTime(local) >= at ? today : today.AddDays(-1);
        if (_plan != (at, current.TimeZone))
        {
            // What was due before anybody looked is not made up for.
            _plan = (at, current.TimeZone);
            _told = due > _told ? due : _told;
        }
        else if (due > _told && await accounts.SummarizeAsync(cancellationToken).ConfigureAwait(false) is { } used)
        {
            // Where another node looks it stays due: should that one end, whoever looks then tells it, and its claim says if it was told.
            _told = due;
            Tell(used, due, now);
        }
    }

    private void Tell(List<BudgetUsage> used, DateOnly day, DateTimeOffset now)
    {
        List<BudgetUsage> all = [];
        foreach (BudgetRule rule in settings.Current.Budgets)
        {
            int known = used.FindIndex(one => one.Unit == rule.Terms.Unit && one.Budget.Equals(rule.Terms.Name, StringComparison.OrdinalIgnoreCase));
            all.Add(known < 0 ? new BudgetUsage(rule.Terms.Name, rule.Terms.Unit, 0, rule.Limit, 0) : used[known]);
        }

        all.Sort(static (left, right) => right.IsFullerThan(left) ? 1 : left.IsFullerThan(right) ? -1 : 0);
        string date = day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        AlertClaim claim = new() { Type = AlertTypes.DailySummary, Subject = date, Until = now + AlertRaiser.Memory + AlertRaiser.Memory };
        string more = all.Count > Most ? string.Create(CultureInfo.InvariantCulture, $" and {all.Count - Most} more") : string.Empty;
        ImmutableArray<AlertItem> items = [.. all.Take(Most).Select(ItemOf)];
        AlertIds ids = AlertIds.Of(claim, AlertTypes.DailySummary + ":" + date);
        alerts.Raise(new BudgetAlert
        {
            Id = ids.Id,
            IncidentKey = ids.Incident,
            Type = AlertTypes.DailySummary,
            Severity = AlertSeverity.Information,
            At = now,
            Items = items,
            Message = $"Budgets on {date}: {(items.IsEmpty ? "none" : string.Join("; ", items.Select(static item => item.Text)))}{more}",
            Claim = claim,
        });
    }

    private static AlertItem ItemOf(BudgetUsage one)
    {
        decimal used = one.Unit.InUnit(one.Used);
        decimal limit = one.Unit.InUnit(one.Limit);
        string accounts = one.Accounts > 1 ? string.Create(CultureInfo.InvariantCulture, $", the fullest of {one.Accounts} accounts") : string.Empty;
        return new AlertItem
        {
            Budget = one.Budget,
            Count = one.Accounts,
            Used = used,
            Limit = limit,
            Text = string.Create(CultureInfo.InvariantCulture, $"{one.Budget} {used} of {limit} {AccountSentence.NameOf(one.Unit)}{accounts}"),
        };
    }
}
