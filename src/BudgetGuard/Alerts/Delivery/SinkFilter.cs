using System.Collections.Immutable;
using BudgetGuard.Configuration;

namespace BudgetGuard.Alerts.Delivery;

/// <summary>Which alerts one sink is sent.</summary>
internal sealed class SinkFilter(AlertSinkSettings settings)
{
    private readonly ImmutableArray<string> _types = [.. settings.Options.Types];
    private readonly bool _sendsRecovered = settings.Options.SendRecovered
        ?? settings.Options.Type?.ToUpperInvariant() is not ("SLACK" or "TEAMS" or "DISCORD" or "EMAIL");

    public bool Passes(IQueuedAlert alert)
    {
        // Whether the end of something is told depends on whether its beginning was.
        (string type, AlertSeverity severity) = alert.Recovers is { } over ? (over, AlertSeverities.Of(over, alert.Threshold)) : (alert.Type, alert.Severity);
        return (alert.Recovers is null || _sendsRecovered)
            && severity >= settings.Options.MinSeverity
            && (_types.IsEmpty || _types.Contains(type) || _types.Contains(alert.Type))
            && PassesBudgets(alert.Budget);
    }

    private bool PassesBudgets(string? budget)
    {
        if (settings.Budgets.IsEmpty)
        {
            return true;
        }

        foreach (WildcardPattern pattern in settings.Budgets)
        {
            if (budget is not null && pattern.Matches(budget))
            {
                return true;
            }
        }

        return false;
    }
}
