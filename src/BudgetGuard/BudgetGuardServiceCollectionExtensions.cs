using BudgetGuard;
using BudgetGuard.Accounting;
using BudgetGuard.Alerts.Delivery;
using BudgetGuard.Alerts.Raising;
using BudgetGuard.Alerts.Sinks;
using BudgetGuard.Api;
using BudgetGuard.Api.Administration;
using BudgetGuard.Api.Deciding;
using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;
using BudgetGuard.Estimation;
using BudgetGuard.Filtering;
using BudgetGuard.Identification;
using BudgetGuard.Metering;
using BudgetGuard.Policy;
using BudgetGuard.Pricing;
using BudgetGuard.Responses;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the guard.</summary>
public static class BudgetGuardServiceCollectionExtensions
{
    /// <summary>
    /// Adds the guard, configured by the section <c>BudgetGuard</c> of the host's configuration and by <c>LEADFACTORY_*</c> variables. Adding twice is harmless.
    /// </summary>
    /// <remarks>A configuration with problems stops the start with an <see cref="Options.OptionsValidationException"/> that lists all of them.</remarks>
    public static IBudgetGuardBuilder AddBudgetGuard(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        SettingsInputs.Of(services);
        AddServices(services);
        return new BudgetGuardBuilder(services);
    }

    /// <summary>Adds the guard as <see cref="AddBudgetGuard(IServiceCollection)"/> does; the delegate's values win over section and variables.</summary>
    public static IBudgetGuardBuilder AddBudgetGuard(this IServiceCollection services, Action<BudgetGuardOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        SettingsInputs.Of(services).Use(configure);
        return services.AddBudgetGuard();
    }

    /// <summary>Adds the guard, configured by another section.</summary>
    /// <exception cref="InvalidOperationException">Another section was given before.</exception>
    public static IBudgetGuardBuilder AddBudgetGuard(this IServiceCollection services, IConfigurationSection section)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(section);
        SettingsInputs.Of(services).Use(section);
        return services.AddBudgetGuard();
    }

    /// <summary>Adds the guard, configured by another section; the delegate's values win over section and variables.</summary>
    /// <exception cref="InvalidOperationException">Another section was given before.</exception>
    public static IBudgetGuardBuilder AddBudgetGuard(
        this IServiceCollection services, IConfigurationSection section, Action<BudgetGuardOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(section);
        ArgumentNullException.ThrowIfNull(configure);
        SettingsInputs.Of(services).Use(section).Use(configure);
        return services.AddBudgetGuard();
    }

    private static void AddServices(IServiceCollection services)
    {
        services.AddMetrics();
        services.AddLogging();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<GuardMetrics>();
        services.TryAddSingleton<FailureLog>();
        services.TryAddSingleton<GuardEvents>();
        services.TryAddSingleton<GuardHistory>();
        services.TryAddSingleton<GuardUse>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<Options.IPostConfigureOptions<LoggerFilterOptions>, GuardLogLevel>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, GuardStartup>());
        AddIdentification(services);
        AddCosts(services);
        AddAccounting(services);
        services.TryAddSingleton<GuardResponses>();
        services.TryAddSingleton<IBudgetGuard, BudgetGuardService>();
        services.AddDecisions();
        AddApi(services);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<MatcherPolicy, UnseenEndpointPolicy>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IStartupFilter, GuardStartupFilter>());
    }

    private static void AddApi(IServiceCollection services)
    {
        services.TryAddSingleton<ApiAudit>();
        services.TryAddSingleton<AccountAddress>();
        services.TryAddSingleton<AccountApi>();
        services.TryAddSingleton<HistoryApi>();
        services.TryAddSingleton<ExplainApi>();
        services.TryAddSingleton<EndpointFinder>();
        services.TryAddSingleton<AlertApi>();
        services.TryAddSingleton<MeApi>();
        services.TryAddSingleton<EventApi>();
    }

    private static void AddIdentification(IServiceCollection services)
    {
        services.TryAddSingleton<IUserExtractor, DefaultUserExtractor>();
        services.TryAddSingleton<IOperationExtractor, DefaultOperationExtractor>();
        services.TryAddSingleton<IModelExtractor, DefaultModelExtractor>();
        services.TryAddSingleton<ICostEstimator, DefaultCostEstimator>();
        services.TryAddSingleton<DefaultUserExtractor>();
        services.TryAddSingleton(provider => new ExtensionPoint<IUserExtractor>(services, provider));
        services.TryAddSingleton(provider => new ExtensionPoint<IOperationExtractor>(services, provider));
        services.TryAddSingleton(provider => new ExtensionPoint<IModelExtractor>(services, provider));
        services.TryAddSingleton(provider => new ExtensionPoint<ICostEstimator>(services, provider));
        services.TryAddSingleton<ExtensionCalls>();
        services.TryAddSingleton<RequestIdentifier>();
    }

    private static void AddCosts(IServiceCollection services)
    {
        services.TryAddSingleton(provider =>
        {
            SettingsSource settings = provider.GetRequiredService<SettingsSource>();
            var catalog = new PriceCatalog(
                () => settings.Current.PriceFile, provider.GetRequiredService<ILogger<PriceCatalog>>(), provider.GetRequiredService<TimeProvider>());
            settings.Reloaded += _ => catalog.Refresh();
            catalog.Reloaded += provider.GetRequiredService<GuardMetrics>().PricesReloaded;
            return catalog;
        });
        services.TryAddSingleton<IPriceCatalog>(provider => provider.GetRequiredService<PriceCatalog>());
        services.TryAddSingleton<ModelCosts>();
        services.TryAddSingleton<DefaultCostEstimator>();
        services.TryAddSingleton<RequestEstimator>();
        services.TryAddSingleton<RequestAssessor>();
        services.TryAddSingleton<RequestLog>();
        services.TryAddSingleton<UsageReaders>();
        services.TryAddSingleton<Settler>();
    }

    private static void AddAccounting(IServiceCollection services)
    {
        services.AddAlertSinkTypes();
        services.TryAddSingleton<DeliveryLog>();
        services.TryAddSingleton<AlertHistory>();
        services.TryAddSingleton<AlertQueue>();
        services.TryAddSingleton<AlertRaiser>();
        services.TryAddSingleton<StoreHealth>();
        services.TryAddSingleton<DailySummary>();
        services.TryAddSingleton<AlertSinks>();
        services.TryAddSingleton<IBudgetAlerts, BudgetAlerts>();
        services.TryAddSingleton<IAccountEvents, AccountAlerts>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IAlertSink, LogAlertSink>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, AlertDispatcher>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, AccountWatcher>());
        services.TryAddSingleton<ICostTracker>(provider =>
        {
            SettingsSource settings = provider.GetRequiredService<SettingsSource>();
            var tracker = new InMemoryCostTracker(
                provider.GetRequiredService<TimeProvider>(), () => settings.Current.ExpiredHolds, provider.GetRequiredService<IAccountEvents>());
            GuardMetrics metrics = provider.GetRequiredService<GuardMetrics>();
            metrics.ObserveHolds(() => tracker.OpenHolds);
            metrics.ObserveUtilization(tracker.ReadUtilization);
            return tracker;
        });
        services.TryAddSingleton<BudgetPolicy>();
        services.TryAddSingleton<IBudgetPolicy>(provider => new CachedBudgetPolicy(
            provider.GetRequiredService<BudgetPolicy>(),
            provider.GetRequiredService<SettingsSource>(),
            provider.GetRequiredService<ICostTracker>(),
            PriceVersion(provider),
            provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<Admission>();
    }

    /// <summary>What tells that model names may resolve to other entries. A catalogue of the app's own does not say, so it is asked anew after each <c>CacheTtlSeconds</c>.</summary>
    private static Func<long> PriceVersion(IServiceProvider provider)
    {
        if (provider.GetRequiredService<IPriceCatalog>() is PriceCatalog catalog)
        {
            return () => catalog.Version;
        }

        SettingsSource settings = provider.GetRequiredService<SettingsSource>();
        TimeProvider time = provider.GetRequiredService<TimeProvider>();
        return () => time.GetUtcNow().UtcTicks / Math.Max(1, settings.Current.CacheTtl.Ticks);
    }
}
