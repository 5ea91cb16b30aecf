using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace BudgetGuard.Alerts.Sinks;

/// <summary>Registers the types of sinks that need no other package.</summary>
internal static class AlertSinkServices
{
    /// <summary>How long a connection is used before the name is resolved anew.</summary>
    private static readonly TimeSpan _connectionLifetime = TimeSpan.FromMinutes(2);

    public static IServiceCollection AddAlertSinkTypes(this IServiceCollection services)
    {
        services.TryAddSingleton<AlertNetwork>();
        services.TryAddSingleton<AlertHttp>();
        AddClient(services, AlertHttp.PublicClient, allowPrivateNetworks: false);
        AddClient(services, AlertHttp.PrivateClient, allowPrivateNetworks: true);
        services.TryAddEnumerable(
        [
            ServiceDescriptor.Singleton<IAlertSinkFactory, LogAlertSinkFactory>(),
            ServiceDescriptor.Singleton<IAlertSinkFactory, ConsoleAlertSinkFactory>(),
            ServiceDescriptor.Singleton<IAlertSinkFactory, WebhookAlertSinkFactory>(),
            ServiceDescriptor.Singleton<IAlertSinkFactory, SlackAlertSinkFactory>(),
            ServiceDescriptor.Singleton<IAlertSinkFactory, TeamsAlertSinkFactory>(),
            ServiceDescriptor.Singleton<IAlertSinkFactory, DiscordAlertSinkFactory>(),
            ServiceDescriptor.Singleton<IAlertSinkFactory, PagerDutyAlertSinkFactory>(),
        ]);
        return services;
    }

    private static void AddClient(IServiceCollection services, string name, bool allowPrivateNetworks) =>
        services.AddHttpClient(name)
            .RemoveAllLoggers()
            .ConfigureHttpClient(static client => client.Timeout = Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(provider =>
                new HiddenAddressHandler(NewHandler(provider.GetRequiredService<AlertNetwork>(), allowPrivateNetworks)))

            // What an application adds to all of its clients repeats calls, or logs them: the dispatcher repeats, and nobody logs.
            .ConfigureAdditionalHttpMessageHandlers(static (handlers, _) => handlers.Clear())

            // Connections are renewed inside the handler.
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan);

    private static SocketsHttpHandler NewHandler(AlertNetwork network, bool allowPrivateNetworks)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            PreAuthenticate = false,
            Credentials = null,
            DefaultProxyCredentials = null,

            // A proxy resolves names itself, out of the sight of the check below.
            UseProxy = allowPrivateNetworks,
            PooledConnectionLifetime = _connectionLifetime,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            MaxResponseHeadersLength = 64,
            MaxResponseDrainSize = 64 * 1024,

            // Without a propagator there is no activity of the request, whose url.full would be a secret.
            ActivityHeadersPropagator = null,
        };
        if (!allowPrivateNetworks)
        {
            handler.ConnectCallback = (context, cancellationToken) => network.ConnectPublicAsync(context.DnsEndPoint, cancellationToken);
        }

        return handler;
    }
}
