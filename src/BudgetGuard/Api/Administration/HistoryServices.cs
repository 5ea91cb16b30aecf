using BudgetGuard.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace BudgetGuard.Api.Administration;

/// <summary>Has the history kept.</summary>
internal static class HistoryServices
{
    public static void KeepHistory(this IServiceCollection services, Func<IServiceProvider, IGuardHistoryStore> open)
    {
        services.Replace(ServiceDescriptor.Singleton(open));
        services.TryAddSingleton<HistoryKeeper>();
        services.TryAddSingleton<HistoryReader>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, HistoryKeeper>(static provider => provider.GetRequiredService<HistoryKeeper>()));
    }
}
