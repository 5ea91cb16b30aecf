using BudgetGuard.Configuration;
using BudgetGuard.Identification;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Diagnostics;

/// <summary>
/// Makes the guard ready before the first request: what cannot be read stops the start, and choices a careful person would want to know of are told.
/// </summary>
internal sealed class GuardStartup(
    SettingsSource settings, IPriceCatalog catalog, ICostTracker tracker, DefaultUserExtractor users, GuardMetrics metrics, ILogger<GuardStartup> logger)
    : IHostedService
{
    /// <summary>What a decision needs; made by now, so that a bad price file or store is found at start and not by the first request.</summary>
    public (IPriceCatalog Catalog, ICostTracker Tracker) Ready { get; } = (catalog, tracker);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        settings.Reloaded += metrics.Reloaded;
        foreach (string choice in UnsafeChoices.Of(settings.Current))
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
