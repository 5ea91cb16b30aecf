using BudgetGuard.Gateway.Routing;
using BudgetGuard.Gateway.Settings;

namespace BudgetGuard.Gateway.Hosting;

/// <summary>Tells at start who will answer, so that a simulated answer is not taken for a real one, nor a demo budget for one's own.</summary>
internal sealed partial class StartReport(GatewaySettings settings, DemoBudgets demo, ILogger<StartReport> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (Vendor vendor in Vendors.All)
        {
            Tell(Vendors.NameOf(vendor), settings.Upstreams[vendor].Address);
        }

        if (settings.HasUpstream && demo.AreInUse)
        {
            LogDemoBudgets(logger, DemoBudgets.Description);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Tell(string upstream, Uri? address)
    {
        if (address is not null)
        {
            LogForwarded(logger, upstream, address.Authority);
        }
        else if (settings.HasUpstream)
        {
            LogNotConfigured(logger, upstream);
        }
        else
        {
            LogSimulated(logger, upstream);
        }
    }

    [LoggerMessage(20, LogLevel.Information, "{Upstream}: forwarded to {Host}.", EventName = "UpstreamForwarded")]
    private static partial void LogForwarded(ILogger logger, string upstream, string host);

    [LoggerMessage(21, LogLevel.Information, "{Upstream}: answered by the simulated model, as no upstream is configured.", EventName = "UpstreamSimulated")]
    private static partial void LogSimulated(ILogger logger, string upstream);

    [LoggerMessage(22, LogLevel.Information, "{Upstream}: not configured, answered with 501 (Gateway:Upstreams:{Upstream}:Address).", EventName = "UpstreamMissing")]
    private static partial void LogNotConfigured(ILogger logger, string upstream);

    [LoggerMessage(
        23,
        LogLevel.Warning,
        "No budgets are configured, so that the demo budgets hold for a real provider: {Demo}. Set some of your own, as BudgetGuard:Budgets:user_daily:Limit=5, :Period=Day and :Per=User.",
        EventName = "DemoBudgetsInUse")]
    private static partial void LogDemoBudgets(ILogger logger, string demo);
}
