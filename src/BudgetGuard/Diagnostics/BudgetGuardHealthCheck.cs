using System.Collections.Immutable;
using BudgetGuard.Accounting;
using BudgetGuard.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace BudgetGuard.Diagnostics;

/// <summary>Healthy once the guard can decide: its settings are good and its store answers within its bound.</summary>
internal sealed class BudgetGuardHealthCheck(SettingsSource settings, ICostTracker tracker, IBudgetAlerts alerts, TimeProvider time) : IHealthCheck
{
    private static readonly Account Probe = new(
        new BudgetTerms { Name = "health-check", Unit = BudgetUnit.Requests, Window = WindowSpec.Total }, ImmutableArray<string?>.Empty, 0);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        GuardSettings current = settings.Current;
        var data = new Dictionary<string, object>
        {
            ["budgets"] = current.Budgets.Length,
            ["choices"] = UnsafeChoices.Of(current, storeMayFail: tracker is not InMemoryCostTracker),
        };
        try
        {
            await tracker.ReadAsync(Probe, cancellationToken).AsTask().WaitAsync(current.StoreTimeout, time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, "The store of the budget guard does not answer.", failure, data);
        }

        string[] broken = [.. alerts.Sinks.Where(static sink => sink.IsBroken).Select(static sink => sink.Name)];
        data["broken alert sinks"] = broken;
        return !settings.IsLastReloadGood ? HealthCheckResult.Degraded("The changed configuration was refused; the last good settings are in force.", data: data)
            : broken.Length > 0 ? HealthCheckResult.Degraded($"Alerts do not reach {string.Join(", ", broken)}.", data: data)
            : HealthCheckResult.Healthy("The budget guard can decide.", data);
    }
}
