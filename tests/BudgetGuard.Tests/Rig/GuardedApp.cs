using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Tests.Rig;

/// <summary>A guarded app on a clock of its own: in memory, or on Kestrel at a free port. Everything a test asserts is read through the public door.</summary>
internal sealed class GuardedApp : IAsyncDisposable
{
    /// <summary>Alice and everybody else have one dollar a day; what is spent is gone.</summary>
    public const string OneDollarADay = """{"Budgets":{"daily":{"Limit":1.00,"Period":"Day","Per":["User"]}}}""";

    private readonly WebApplication _app;

    private GuardedApp(WebApplication app, HttpClient client, FakeTimeProvider time, FakeLogCollector logs)
    {
        _app = app;
        Client = client;
        Time = time;
        Logs = logs;
    }

    public static DateTimeOffset Start { get; } = new(2026, 6, 10, 12, 0, 0, TimeSpan.Zero);

    public HttpClient Client { get; }

    public FakeTimeProvider Time { get; }

    public FakeLogCollector Logs { get; }

    public IServiceProvider Services => _app.Services;

    public IBudgetGuard Guard => _app.Services.GetRequiredService<IBudgetGuard>();

    /// <summary>Ends when no request is under way; bounded.</summary>
    public Task QuietAsync() => Services.GetRequiredService<RequestsWatch>().QuietAsync().WaitAsync(TimeSpan.FromSeconds(30));

    public IConfigurationRoot Configuration => (IConfigurationRoot)_app.Configuration;

    /// <summary>The address on Kestrel.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>Starts an app that calls UseBudgetGuard and then maps what the test gives.</summary>
    public static Task<GuardedApp> StartAsync(string section, Action<WebApplication> map, Action<GuardedAppSetup>? configure = null)
    {
        GuardedAppSetup setup = new();
        configure?.Invoke(setup);
        setup.Pipeline ??= app =>
        {
            app.UseBudgetGuard();
            map(app);
        };
        return StartAsync(section, setup);
    }

    /// <summary>Starts an app whose whole pipeline the test builds.</summary>
    public static async Task<GuardedApp> StartAsync(string section, GuardedAppSetup setup)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes($$"""{"BudgetGuard":{{section}}}""")));
        builder.Configuration.AddInMemoryCollection(setup.Keys);
        builder.Logging.AddFakeLogging();
        builder.Logging.SetMinimumLevel(setup.LogLevel);
        builder.Services.AddRouting();
        builder.Services.AddSingleton<TimeProvider>(setup.Time);
        builder.Services.AddSingleton<RequestsWatch>();
        builder.Services.AddSingleton<IStartupFilter>(static services => services.GetRequiredService<RequestsWatch>());
        setup.Services(builder.Services);
        setup.Guard(setup.Configure is { } configureGuard ? builder.Services.AddBudgetGuard(configureGuard) : builder.Services.AddBudgetGuard());
        if (setup.UseKestrel)
        {
            builder.WebHost.UseKestrelCore();
            setup.Kestrel(builder.WebHost);
            builder.WebHost.UseUrls("http://127.0.0.1:0");
        }
        else
        {
            builder.WebHost.UseTestServer();
        }

        WebApplication app = builder.Build();
        try
        {
            setup.Pipeline!(app);
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        HttpClient client = setup.UseKestrel ? new HttpClient { BaseAddress = new Uri(app.Urls.First()) } : app.GetTestClient();
        return new GuardedApp(app, client, setup.Time, app.Services.GetFakeLogCollector());
    }

    /// <summary>Sends a request as a user.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? user = "alice", HttpContent? content = null)
    {
        HttpRequestMessage request = new(method, path) { Content = content };
        if (user is not null)
        {
            request.Headers.Add("X-User-ID", user);
        }

        return Client.SendAsync(request);
    }

    public Task<HttpResponseMessage> GetAsync(string path, string? user = "alice") => SendAsync(HttpMethod.Get, path, user);

    public Task<HttpResponseMessage> PostAsync(string path, string json, string? user = "alice") =>
        SendAsync(HttpMethod.Post, path, user, new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json")));

    /// <summary>The figures of one budget for a user.</summary>
    public async Task<BudgetBalance> BalanceAsync(string user = "alice", string budget = "daily")
    {
        IReadOnlyList<BudgetBalance> balances = await Guard.ReadAsync(new BudgetRequest { Subject = user });
        return balances.Single(balance => balance.Budget == budget);
    }

    /// <summary>Spends money of a user without HTTP.</summary>
    public async Task SpendAsync(decimal usd, string user = "alice")
    {
        await using BudgetLease lease = await Guard.BeginAsync(new BudgetRequest { Subject = user, Estimate = usd });
        Assert.True(lease.IsAllowed);
        lease.ReportCost(usd);
    }

    /// <summary>Spends all that a user has on a day of <see cref="OneDollarADay"/>.</summary>
    public Task ExhaustAsync(string user = "alice") => SpendAsync(1.00m, user);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
