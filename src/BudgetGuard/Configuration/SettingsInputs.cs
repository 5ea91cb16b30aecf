using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Configuration;

/// <summary>What the calls of <c>AddBudgetGuard</c> gave so far: at most one section, and delegates that add up in order.</summary>
internal sealed class SettingsInputs
{
    private readonly List<Action<BudgetGuardOptions>> _delegates = [];
    private readonly HashSet<string> _stores = new(StringComparer.OrdinalIgnoreCase);
    private IConfigurationSection? _section;

    /// <summary>The one instance of a service collection; the first call registers it together with the settings.</summary>
    public static SettingsInputs Of(IServiceCollection services)
    {
        if (services.FirstOrDefault(service => service.ServiceType == typeof(SettingsInputs))?.ImplementationInstance is SettingsInputs known)
        {
            return known;
        }

        SettingsInputs inputs = new();
        services.AddSingleton(inputs);
        services.TryAddSingleton(provider => inputs.ToSource(
            provider.GetService<IConfiguration>(),
            provider.GetRequiredService<ILogger<SettingsSource>>));
        return inputs;
    }

    /// <exception cref="InvalidOperationException">Another section was given before.</exception>
    public SettingsInputs Use(IConfigurationSection section)
    {
        if (_section is not null && !_section.Path.Equals(section.Path, StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidOperationException(
                $"AddBudgetGuard was given the section '{_section.Path}' and then '{section.Path}'; an app has one.");
        }

        _section = section;
        return this;
    }

    public SettingsInputs Use(Action<BudgetGuardOptions> configure)
    {
        _delegates.Add(configure);
        return this;
    }

    /// <summary>Knows that budgets are kept in a store, whose part of the section is then read.</summary>
    /// <exception cref="InvalidOperationException">They are kept in another.</exception>
    public void UseStore(string name)
    {
        if (_stores.Count > 0 && !_stores.Contains(name))
        {
            throw new InvalidOperationException($"Use{name} was called after Use{_stores.First()}; budgets are kept in one store.");
        }

        _stores.Add(name);
    }

    public SettingsSource ToSource(IConfiguration? root, Func<ILogger> logger) => new(root, _section, _delegates, logger, _stores);
}
