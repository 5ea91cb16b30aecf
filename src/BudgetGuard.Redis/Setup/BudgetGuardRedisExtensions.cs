using BudgetGuard;
using BudgetGuard.Accounting;
using BudgetGuard.Api.Administration;
using BudgetGuard.Api.Deciding;
using BudgetGuard.Configuration;
using BudgetGuard.Redis;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Shares budgets in Redis.</summary>
public static class BudgetGuardRedisExtensions
{
    /// <summary>
    /// Shares budgets between all nodes that name the same server and tree, as the section <c>BudgetGuard:Redis</c> says; on <c>localhost:6379</c> where it says nothing.
    /// A server that does not answer stops the start.
    /// </summary>
    public static IBudgetGuardBuilder UseRedis(this IBudgetGuardBuilder builder) => builder.UseRedis(static _ => { });

    /// <summary>Shares budgets in Redis, as <see cref="UseRedis(IBudgetGuardBuilder)"/> does.</summary>
    /// <param name="builder">The guard.</param>
    /// <param name="connectionString">The server, as StackExchange.Redis writes it: <c>host:port,password=…,ssl=true</c>.</param>
    public static IBudgetGuardBuilder UseRedis(this IBudgetGuardBuilder builder, string connectionString)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        return builder.UseRedis(options => options.ConnectionString = connectionString);
    }

    /// <summary>Shares budgets in Redis, as <see cref="UseRedis(IBudgetGuardBuilder)"/> does; the delegate's values win over the section.</summary>
    public static IBudgetGuardBuilder UseRedis(this IBudgetGuardBuilder builder, Action<RedisStoreOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        IServiceCollection services = builder.Services;
        SettingsInputs.Of(services).UseStore(RedisSetup.Section);
        services.AddSingleton(configure);
        services.TryAddSingleton(static provider => Read(provider));
        services.TryAddSingleton(static provider => new RedisSignals(provider.GetRequiredService<ILogger<RedisSignals>>()));
        services.TryAddSingleton(static provider => new RedisConnection(provider.GetRequiredService<RedisSetup>()));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, RedisStartup>());
        services.Replace(ServiceDescriptor.Singleton<ICostTracker>(static provider => Open(provider)));
        services.KeepHistory(static provider => new RedisHistoryStore(TransportOf(provider), provider.GetRequiredService<RedisSetup>().Tree));
        services.KeepHolds(static provider => new RedisHoldNotes(TransportOf(provider), provider.GetRequiredService<RedisSetup>().Tree));
        return builder;
    }

    private static RedisSetup Read(IServiceProvider provider)
    {
        SettingsSource settings = provider.GetRequiredService<SettingsSource>();
        var setup = RedisSetup.Read(settings, provider.GetServices<Action<RedisStoreOptions>>());
        settings.AddValidator(current => RedisSetup.ProblemsOf(current, settings.SectionPath));
        return setup;
    }

    private static RedisTransport TransportOf(IServiceProvider provider)
    {
        SettingsSource settings = provider.GetRequiredService<SettingsSource>();
        return new RedisTransport(provider.GetRequiredService<RedisConnection>().Database, () => settings.Current.StoreTimeout, provider.GetRequiredService<TimeProvider>());
    }

    private static ICostTracker Open(IServiceProvider provider)
    {
        RedisSetup setup = provider.GetRequiredService<RedisSetup>();
        SettingsSource settings = provider.GetRequiredService<SettingsSource>();
        TimeProvider time = provider.GetRequiredService<TimeProvider>();
        RedisTransport transport = TransportOf(provider);
        RedisSignals signals = provider.GetRequiredService<RedisSignals>();
        var tracker = new RedisCostTracker(
            transport, setup.Tree, time, () => settings.Current.ExpiredHolds, provider.GetRequiredService<IAccountEvents>(), signals)
        {
            Budgets = () => settings.Current.Budgets.Select(static rule => new Account(rule.Terms, [], rule.Limit)),
        };
        return setup.Leases ? new LeasedCostTracker(tracker, time, () => settings.Current.ExpiredHolds, signals) : tracker;
    }
}
