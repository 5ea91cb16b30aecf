using BudgetGuard.Accounting;
using BudgetGuard.Configuration;
using BudgetGuard.Identification;
using BudgetGuard.Pricing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Diagnostics;

/// <summary>
/// Makes the guard ready before the first request: what cannot be read stops the start, and choices a careful person would want to know of are told.
/// </summary>
internal sealed class GuardStartup(
    SettingsSource settings,
    IPriceCatalog catalog,
    IBudgetPolicy policy,
    ICostTracker tracker,
    DefaultUserExtractor users,
    GuardMetrics metrics,
    ILogger<GuardStartup> logger)
    : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        // Asking for policy and catalogue made them and the store: a bad price file or store is found now, and not by the first request.
        _ = policy;
        (catalog as PriceCatalog)?.WarmUp();
        settings.Reloaded += metrics.Reloaded;
        foreach (string choice in UnsafeChoices.Of(settings.Current, storeMayFail: tracker is not InMemoryCostTracker))
        {
            GuardLog.UnsafeChoice(logger, choice);
        }

        if (settings.Current.TrustUserHeader is null && users.TrustsUserHeader)
        {
            GuardLog.UnsafeChoice(
                logger, $"Neither authentication nor a user extractor is registered: callers name themselves in {settings.Current.UserHeader}.");
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        settings.Reloaded -= metrics.Reloaded;
        return Task.CompletedTask;
    }
}
