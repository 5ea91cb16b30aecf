using BudgetGuard.Gateway;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Frameworks.Tests.Rig;

/// <summary>The real gateway on a free port, which the frameworks ask.</summary>
internal sealed class GatewayHost : IAsyncDisposable
{
    public const string Key = "a-key-of-the-tests-that-is-long-enough-0123456789";

    private readonly WebApplication _app;

    private GatewayHost(WebApplication app)
    {
        _app = app;
        Address = new Uri(app.Urls.First());
        Ledger = new Ledger(Address, Key);
    }

    public Uri Address { get; }

    public Ledger Ledger { get; }

    public static async Task<GatewayHost> StartAsync(TimeProvider? time = null)
    {
        Dictionary<string, string?> settings = new(Budgets.Settings)
        {
            ["urls"] = "http://127.0.0.1:0",
            ["Logging:LogLevel:Default"] = "None",
            ["Gateway:Store"] = "Memory",
            ["Gateway:AdminKey"] = Key,
        };
        WebApplication app = GatewayApp.Build([.. settings.Select(static pair => $"--{pair.Key}={pair.Value}")], builder =>
        {
            if (time is not null)
            {
                builder.Services.AddSingleton(time);
            }
        });
        await app.StartAsync();
        return new GatewayHost(app);
    }

    public async ValueTask DisposeAsync()
    {
        Ledger.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
