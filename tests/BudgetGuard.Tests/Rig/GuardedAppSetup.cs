using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Tests.Rig;

/// <summary>What differs from one test's app to another's.</summary>
internal sealed class GuardedAppSetup
{
    public bool UseKestrel { get; set; }

    public FakeTimeProvider Time { get; set; } = new(GuardedApp.Start);

    public LogLevel LogLevel { get; set; } = LogLevel.Information;

    /// <summary>Keys of the whole configuration, over the section.</summary>
    public Dictionary<string, string?> Keys { get; } = [];

    public Action<BudgetGuardOptions>? Configure { get; set; }

    public Action<IServiceCollection> Services { get; set; } = static _ => { };

    public Action<IBudgetGuardBuilder> Guard { get; set; } = static _ => { };

    public Action<ConfigureWebHostBuilder> Kestrel { get; set; } = static _ => { };

    public Action<WebApplication>? Pipeline { get; set; }

    /// <summary>Kestrel that speaks HTTP/2 without TLS and nothing else.</summary>
    public void UseKestrelHttp2()
    {
        UseKestrel = true;
        Kestrel = web => web.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2));
    }
}
