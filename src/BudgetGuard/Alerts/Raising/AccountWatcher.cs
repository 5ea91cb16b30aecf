using BudgetGuard.Accounting;
using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;
using Microsoft.Extensions.Hosting;

namespace BudgetGuard.Alerts.Raising;

/// <summary>Looks at all accounts every few seconds, for what no request tells of. Does nothing while alerting is off.</summary>
internal sealed class AccountWatcher(ICostTracker tracker, SettingsSource settings, DailySummary summary, FailureLog failures, TimeProvider time)
    : BackgroundService
{
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(15);

    private readonly IAccountScan? _accounts = tracker as IAccountScan;

    /// <summary>Looks once.</summary>
    public async ValueTask LookAsync(CancellationToken cancellationToken)
    {
        if (!settings.Current.EnableAlerting || _accounts is null)
        {
            return;
        }

        try
        {
            await _accounts.ScanAsync(cancellationToken).ConfigureAwait(false);
            await summary.TellIfDueAsync(_accounts, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            // The next look is not lost with this one.
            failures.Report(FailureKind.Alerts, failure);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                await LookAsync(stoppingToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }
}
