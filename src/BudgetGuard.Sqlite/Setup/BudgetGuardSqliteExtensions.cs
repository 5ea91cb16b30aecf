using BudgetGuard;
using BudgetGuard.Accounting;
using BudgetGuard.Api.Administration;
using BudgetGuard.Api.Deciding;
using BudgetGuard.Configuration;
using BudgetGuard.Diagnostics;
using BudgetGuard.Sqlite;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Keeps budgets in a SQLite file.</summary>
public static class BudgetGuardSqliteExtensions
{
    /// <summary>
    /// Keeps budgets in the file that the section <c>BudgetGuard:Sqlite</c> names, or in <c>budgetguard.db</c>: what was decided and spent outlasts a crash. One process
    /// has the file. A file that cannot be used stops the start with what is wrong with it.
    /// </summary>
    public static IBudgetGuardBuilder UseSqlite(this IBudgetGuardBuilder builder) => builder.UseSqlite(static _ => { });

    /// <summary>Keeps budgets in a SQLite file, as <see cref="UseSqlite(IBudgetGuardBuilder)"/> does.</summary>
    /// <param name="builder">The guard.</param>
    /// <param name="path">The file, made if it is missing; relative to the working directory.</param>
    public static IBudgetGuardBuilder UseSqlite(this IBudgetGuardBuilder builder, string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return builder.UseSqlite(options => options.Path = path);
    }

    /// <summary>Keeps budgets in a SQLite file, as <see cref="UseSqlite(IBudgetGuardBuilder)"/> does; the delegate's values win over the section.</summary>
    public static IBudgetGuardBuilder UseSqlite(this IBudgetGuardBuilder builder, Action<SqliteStoreOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        SettingsInputs.Of(builder.Services).UseStore(SqliteSetup.Section);
        builder.Services.AddSingleton(configure);
        builder.Services.TryAddSingleton(static provider =>
            SqliteSetup.Read(provider.GetRequiredService<SettingsSource>(), provider.GetServices<Action<SqliteStoreOptions>>()));
        builder.Services.Replace(ServiceDescriptor.Singleton<ICostTracker>(static provider => Open(provider)));
        builder.Services.KeepHistory(static provider => new SqliteHistoryStore(SqliteHistoryStore.PathBeside(provider.GetRequiredService<SqliteSetup>().Path)));
        builder.Services.KeepHolds(static provider =>
        {
            SqliteSetup setup = provider.GetRequiredService<SqliteSetup>();
            return new SqliteHoldNotes(SqliteHoldNotes.PathBeside(setup.Path), setup.Durability, provider.GetRequiredService<TimeProvider>());
        });
        return builder;
    }

    private static SqliteCostTracker Open(IServiceProvider provider)
    {
        SqliteSetup setup = provider.GetRequiredService<SqliteSetup>();
        SettingsSource settings = provider.GetRequiredService<SettingsSource>();
        JournalLayer layer = provider.GetService<JournalLayer>() ?? (static file => file);
        bool wasThere = false;
        var tracker = new SqliteCostTracker(
            () =>
            {
                SqliteJournalFile file = SqliteJournalFile.Open(setup.Path, setup.Durability, mustExist: wasThere);
                wasThere = true;
                return layer(file);
            },
            setup.Path,
            setup.Durability,
            provider.GetRequiredService<TimeProvider>(),
            () => settings.Current.ExpiredHolds,
            new StoreSignals(provider.GetRequiredService<ILogger<StoreSignals>>(), setup.Path),
            provider.GetRequiredService<IAccountEvents>());
        GuardMetrics metrics = provider.GetRequiredService<GuardMetrics>();
        metrics.ObserveHolds(() => tracker.OpenHolds);
        metrics.ObserveUtilization(tracker.ReadUtilization);
        return tracker;
    }
}
