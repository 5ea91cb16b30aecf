using BudgetGuard.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace BudgetGuard.Diagnostics;

/// <summary>Sets the level of the guard's log category where the settings name one; after the host's own rules, so that it counts.</summary>
internal sealed class GuardLogLevel(SettingsSource settings) : IPostConfigureOptions<LoggerFilterOptions>
{
    public void PostConfigure(string? name, LoggerFilterOptions options)
    {
        if (settings.Current.LogLevel is { } level)
        {
            options.Rules.Add(new LoggerFilterRule(providerName: null, categoryName: "BudgetGuard", level, filter: null));
        }
    }
}
