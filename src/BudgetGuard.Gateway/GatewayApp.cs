using System.Globalization;
using BudgetGuard.Gateway.Administration;
using BudgetGuard.Gateway.Callers;
using BudgetGuard.Gateway.Forwarding;
using BudgetGuard.Gateway.Hosting;
using BudgetGuard.Gateway.Routing;
using BudgetGuard.Gateway.Settings;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Options;

namespace BudgetGuard.Gateway;

/// <summary>Puts the gateway together.</summary>
public static class GatewayApp
{
    /// <summary>What a proxy needs of the guard; any other source may say otherwise.</summary>
    private static readonly Dictionary<string, string?> _defaults = new()
    {
        [$"{BudgetGuardOptions.SectionName}:{nameof(BudgetGuardOptions.RequestStreamUsage)}"] = "true",
    };

    /// <summary>The gateway, ready to run.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="configure">Changes the host before anything of the gateway is read or added.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = _defaults });
        configure?.Invoke(builder);
        if (ListenAddresses.Of(builder.Configuration).Count == 0)
        {
            builder.WebHost.UseUrls(ListenAddresses.Default);
        }

        GatewaySettings settings = GatewaySettingsReader.Read(builder.Configuration, out IReadOnlyList<string> problems);
        AddServices(builder, settings);
        WebApplication app = builder.Build();
        CheckConfiguration(app, problems);
        UsePipeline(app, settings);
        return app;
    }

    private static void AddServices(WebApplicationBuilder builder, GatewaySettings settings)
    {
        IServiceCollection services = builder.Services;
        builder.AddTelemetry();
        services.AddSingleton(settings);
        services.AddSingleton<CallerKeys>();
        services.AddSingleton<Upstreams>();
        services.AddSingleton<RequestsInFlight>();
        services.AddHostedService(static provider => provider.GetRequiredService<RequestsInFlight>());
        services.AddHttpForwarder();
        services.AddFreeRouteLimits(settings);
        services.AddApiDocument(settings);
        services.AddHealthChecks().AddBudgetGuard();
        services.Configure<RouteOptions>(static options =>
        {
            options.SetParameterPolicy<ModelNameConstraint>(ModelNameConstraint.Name);
            options.SetParameterPolicy<ModelPathConstraint>(ModelPathConstraint.Name);
        });
        services.Configure<HostOptions>(options => options.ShutdownTimeout = settings.ShutdownTimeout);
        services.Configure<KestrelServerOptions>(options => options.Limits.MaxRequestBodySize = MaxBodyBytes(builder.Configuration));
        DemoBudgets demo = new();
        services.AddSingleton(demo);
        services.AddHostedService<StartReport>();
        IBudgetGuardBuilder guard = services.AddBudgetGuard(demo.AddTo);
        UseStore(guard, settings.Store);

        if (!settings.Keys.IsEmpty)
        {
            guard.UseUserExtractor(static context => context.Features.Get<Caller>()?.Subject);
        }
    }

    private static void UseStore(IBudgetGuardBuilder guard, StoreSettings store)
    {
        switch (store.Kind)
        {
            case StoreKind.Sqlite:
                guard.UseSqlite(options => options.Path = store.Place ?? options.Path);
                break;
            case StoreKind.Redis:
                guard.UseRedis(options =>
                {
                    options.ConnectionString = store.Place ?? options.ConnectionString;
                    options.Leases = store.Leases;
                });
                break;
        }
    }

    /// <summary>What the guard would refuse is not read further by the server either.</summary>
    private static long MaxBodyBytes(ConfigurationManager configuration) =>
        long.TryParse(
            configuration[$"{BudgetGuardOptions.SectionName}:{nameof(BudgetGuardOptions.MaxInspectedBodyBytes)}"],
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out long bytes) ? bytes : new BudgetGuardOptions().MaxInspectedBodyBytes;

    /// <summary>Tells of everything that is wrong at once: the gateway's own settings, and the guard's and its store's, which are read when its policy is made.</summary>
    private static void CheckConfiguration(WebApplication app, IReadOnlyList<string> problems)
    {
        List<string> parts = [];
        if (problems.Count > 0)
        {
            parts.Add($"The configuration of the gateway has {problems.Count} {(problems.Count == 1 ? "problem" : "problems")}"
                + $" (an environment variable writes ':' as '__'):\n{string.Join('\n', problems.Select(static problem => "  " + problem))}");
        }

        try
        {
            app.Services.GetRequiredService<IBudgetPolicy>();
        }
        catch (Exception refused) when (refused is OptionsValidationException or IOException or InvalidDataException)
        {
            parts.Add(refused.Message);
        }

        if (parts.Count > 0)
        {
            ((IDisposable)app).Dispose();
            throw new GatewayConfigurationException(string.Join('\n', parts));
        }
    }

    private static void UsePipeline(WebApplication app, GatewaySettings settings)
    {
        app.UseMiddleware<GatewayEdge>();
        if (settings.Keys.IsEmpty && OpenProxy.IsLocalOnly(app.Configuration))
        {
            app.UseMiddleware<LocalCallersMiddleware>();
        }

        app.UseRouting();
        app.UseMiddleware<UnroutedMiddleware>();
        app.UseMiddleware<CallerKeysMiddleware>();
        app.UseRateLimiter();
        app.UseBudgetGuard();
        app.MapGatewayRoutes();
        app.MapApi(settings);
        app.MapHealthChecks("/health").DisableBudgetGuard();
        app.MapPrometheusScrapingEndpoint(Telemetry.MetricsPath).DisableBudgetGuard();
    }
}
