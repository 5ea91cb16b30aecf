using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Gateway.Tests.Rig;

/// <summary>The gateway on a free port before a provider, with its ledger in reach. Beside the budgets of the test, one that never denies counts everything.</summary>
internal sealed class GatewayUnderTest : IAsyncDisposable
{
    /// <summary>Everybody has a thousand dollars of their own.</summary>
    public const string Own = """{"Budgets":{"own":{"Limit":1000,"Period":"Total","Per":["User"],"OnExceeded":"Reject"}}}""";

    private const string Everything = "everything";

    private readonly WebApplication _app;
    private readonly FakeProvider _provider;

    private GatewayUnderTest(WebApplication app, FakeProvider provider, RequestsWatch watch)
    {
        _app = app;
        _provider = provider;
        Watch = watch;
        Address = new Uri(app.Urls.First());
        Client = new HttpClient { BaseAddress = Address };
    }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public RequestsWatch Watch { get; }

    public IServiceProvider Services => _app.Services;

    public IBudgetGuard Guard => _app.Services.GetRequiredService<IBudgetGuard>();

    /// <summary>Starts the gateway.</summary>
    /// <param name="provider">The provider behind all three kinds of routes.</param>
    /// <param name="guard">The section BudgetGuard.</param>
    /// <param name="settings">Other settings, over the ones of the rig.</param>
    /// <param name="configure">Called with the builder.</param>
    public static async Task<GatewayUnderTest> StartAsync(
        FakeProvider provider, string guard = Own, IReadOnlyDictionary<string, string?>? settings = null, Action<WebApplicationBuilder>? configure = null)
    {
        RequestsWatch watch = new();
        WebApplication app = GatewayApp.Build(Arguments(provider.Address, guard, settings), builder =>
        {
            builder.Services.AddSingleton<IStartupFilter>(watch);
            configure?.Invoke(builder);
        });
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return new GatewayUnderTest(app, provider, watch);
    }

    /// <summary>The command line of a gateway before a provider.</summary>
    public static string[] Arguments(Uri provider, string guard = Own, IReadOnlyDictionary<string, string?>? settings = null)
    {
        Dictionary<string, string?> all = new()
        {
            ["urls"] = "http://127.0.0.1:0",
            ["Logging:LogLevel:Default"] = "None",
            ["Gateway:Store"] = "Memory",
            ["Gateway:Upstreams:openai:Address"] = provider.ToString(),
            ["Gateway:Upstreams:anthropic:Address"] = provider.ToString(),
            ["Gateway:Upstreams:gemini:Address"] = provider.ToString(),
            ["BudgetGuard:PriceFile"] = Tariff.PriceFile,
            [$"BudgetGuard:Budgets:{Everything}:Limit"] = "1000000",
            [$"BudgetGuard:Budgets:{Everything}:Period"] = "Total",
            [$"BudgetGuard:Budgets:{Everything}:OnExceeded"] = "Alert",
        };
        using MemoryStream section = new(Encoding.UTF8.GetBytes($$"""{"BudgetGuard":{{guard}}}"""));
        foreach ((string key, string? value) in new ConfigurationBuilder().AddJsonStream(section).Build().AsEnumerable().Concat(settings ?? new Dictionary<string, string?>()))
        {
            all[key] = value;
        }

        return [.. all.Where(static pair => pair.Value is not null).Select(static pair => $"--{pair.Key}={pair.Value}")];
    }

    public static StringContent Json(string body) => new(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));

    public static HttpRequestMessage Post(string path, string body, string user = "alice")
    {
        HttpRequestMessage request = new(HttpMethod.Post, path) { Content = Json(body) };
        request.Headers.Add("X-User-ID", user);
        return request;
    }

    /// <summary>Sends a body as a user and reads the whole answer.</summary>
    public async Task<HttpResponseMessage> PostAsync(string path, string body, string user = "alice")
    {
        using HttpRequestMessage request = Post(path, body, user);
        return await Client.SendAsync(request);
    }

    /// <summary>Nano-dollars settled for a user, of whom nothing may be held any more.</summary>
    public async Task<long> SettledAsync(string user, string budget = "own")
    {
        BudgetBalance balance = await BalanceAsync(user, budget);
        Assert.True(balance.Held == 0, $"{balance.Held} held of {budget} for {user}");
        return Nano(balance.Settled);
    }

    public async Task<BudgetBalance> BalanceAsync(string user, string budget = "own")
    {
        IReadOnlyList<BudgetBalance> balances = await Guard.ReadAsync(new BudgetRequest { Subject = user });
        return balances.Single(balance => balance.Budget == budget);
    }

    /// <summary>Waits until neither the gateway nor the provider is at work.</summary>
    public async Task QuietAsync()
    {
        await PatientAsync(Watch.QuietAsync(), "A request of the gateway does not end.");
        await PatientAsync(_provider.QuietAsync(), "A call of the provider does not end.");
    }

    /// <summary>What holds after every test: the ledger is not below the provider's bill, and nothing stays held.</summary>
    public async Task AssertBooksAsync()
    {
        await QuietAsync();
        long settled = await SettledAsync("nobody", Everything);
        Assert.True(settled >= _provider.Bill, $"settled {settled}, bill {_provider.Bill} nano-dollars");
        foreach (string user in Watch.Users)
        {
            foreach (BudgetBalance balance in await Guard.ReadAsync(new BudgetRequest { Subject = user.Length > 0 ? user : "anonymous" }))
            {
                Assert.True(balance.Held == 0, $"{balance.Held} held of {balance.Budget} for {user}");
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken = default) => _app.StopAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }

    private static async Task PatientAsync(Task quiet, string failure)
    {
        try
        {
            await quiet.WaitAsync(FakeProvider.Patience);
        }
        catch (TimeoutException)
        {
            Assert.Fail(failure);
        }
    }

    private static long Nano(decimal usd) => (long)(usd * 1_000_000_000m);
}
