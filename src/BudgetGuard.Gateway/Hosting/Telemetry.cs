using BudgetGuard.Gateway.Settings;
using OpenTelemetry.Metrics;
using Serilog;
using Serilog.Events;

namespace BudgetGuard.Gateway.Hosting;

/// <summary>Logs by Serilog and metrics by OpenTelemetry.</summary>
internal static class Telemetry
{
    public const string MetricsPath = "/metrics";

    private static readonly string[] Meters =
        ["BudgetGuard", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.RateLimiting"];

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        builder.Services.AddSerilog(logger => Configure(logger, builder.Configuration), preserveStaticLogger: true);
        builder.Services.AddOpenTelemetry().WithMetrics(static metrics => metrics.AddMeter(Meters).AddPrometheusExporter());
    }

    private static void Configure(LoggerConfiguration logger, ConfigurationManager configuration)
    {
        logger
            .MinimumLevel.Information()
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .MinimumLevel.Override("System", LogEventLevel.Warning)
            .MinimumLevel.Override("Yarp", LogEventLevel.Warning)
            .MinimumLevel.Override("Microsoft.Hosting.Lifetime", LogEventLevel.Information);
        try
        {
            logger.ReadFrom.Configuration(configuration);
        }
        catch (Exception fault) when (fault is InvalidOperationException or FormatException or ArgumentException)
        {
            throw new GatewayConfigurationException($"The section Serilog cannot be read: {fault.Message}");
        }

        // A sink that is configured takes the place of the console.
        if (!configuration.GetSection("Serilog:WriteTo").Exists())
        {
            logger.WriteTo.Console(formatProvider: System.Globalization.CultureInfo.InvariantCulture);
        }

        // Whatever is configured: these write whole addresses, and a Gemini caller's key may be in one. The gateway tells itself how forwarding ended.
        // Off altogether, the server also makes no activity and no scope for each request.
        logger
            .MinimumLevel.Override("Microsoft.AspNetCore.Hosting.Diagnostics", LevelAlias.Off)
            .MinimumLevel.Override("Yarp.ReverseProxy.Forwarder.HttpForwarder", LogEventLevel.Error);
    }
}
