using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace BudgetGuard.Frameworks.Tests.Rig;

/// <summary>The apps that the cases share: each started when it is first asked for, and the gateway they ask.</summary>
public sealed class Apps : IAsyncLifetime, IDisposable
{
    private readonly ConcurrentDictionary<(string Framework, Setup Setup), Lazy<Task<IFrameworkApp>>> _apps = new();
    private readonly TcpListener _silent = new(IPAddress.Loopback, 0);
    private GatewayHost _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await GatewayHost.StartAsync();
        _silent.Start();
    }

    internal Task<IFrameworkApp> GetAsync(string framework, Setup setup) =>
        _apps.GetOrAdd((framework, setup), key => new Lazy<Task<IFrameworkApp>>(() => StartAsync(key.Framework, key.Setup))).Value;

    public void Dispose() => _silent.Dispose();

    public async Task DisposeAsync()
    {
        foreach (Lazy<Task<IFrameworkApp>> app in _apps.Values)
        {
            if (app.IsValueCreated && app.Value.IsCompletedSuccessfully)
            {
                await (await app.Value).DisposeAsync();
            }
        }

        Dispose();
        await _gateway.DisposeAsync();
    }

    private async Task<IFrameworkApp> StartAsync(string framework, Setup setup) =>
        framework == Catalog.AspNetCore
            ? await AspNetCoreApp.StartAsync(setup)
            : await ProcessApp.StartAsync(Catalog.Asking[framework], AddressFor(setup), _gateway.Ledger, setup);

    private Uri AddressFor(Setup setup) => setup switch
    {
        // Nobody listens on the port of discard.
        Setup.DownOpen or Setup.DownClosed => new Uri("http://127.0.0.1:9"),
        Setup.SilentClosed => new Uri($"http://{_silent.LocalEndpoint}"),
        _ => _gateway.Address,
    };
}
