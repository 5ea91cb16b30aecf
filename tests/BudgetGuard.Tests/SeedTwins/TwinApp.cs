using System.Reflection;
using System.Text;
using BudgetGuard.Tests.Docs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Tests.SeedTwins;

/// <summary>An app made of blocks of the documentation, in memory and on a clock of its own.</summary>
internal sealed class TwinApp : IAsyncDisposable
{
    private WebApplication? _app;
    private HttpClient? _client;

    /// <param name="settings">The content of <c>appsettings.json</c>.</param>
    public TwinApp(string settings = "{}")
    {
        Builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        Builder.Configuration.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(settings)));
        Builder.WebHost.UseTestServer();
        Builder.Logging.AddFakeLogging();
        Builder.Services.AddRouting();
        Builder.Services.AddSingleton<TimeProvider>(Time);
    }

    public WebApplicationBuilder Builder { get; }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 6, 10, 12, 0, 0, TimeSpan.Zero));

    public IServiceProvider Services => _app!.Services;

    /// <summary>What the guard has logged.</summary>
    public IEnumerable<string> LogLines => Services.GetFakeLogCollector().GetSnapshot()
        .Where(record => record.Category?.StartsWith("BudgetGuard", StringComparison.Ordinal) == true).Select(record => record.Message);

    /// <summary>Runs a block's statements on the builder.</summary>
    public async Task<Assembly> ConfigureAsync(string page, string text)
    {
        Assembly block = Snippet.Find(page, text).Load();
        await Snippet.RunAsync(block, Builder);
        return block;
    }

    /// <summary>Starts the app that a block builds on the builder.</summary>
    public async Task StartAsync(string page, string text) =>
        await StartAsync((await Snippet.RunAsync(Snippet.Find(page, text).Load(), Builder))!);

    /// <summary>Starts an app with what a test puts into its pipeline.</summary>
    public async Task StartAsync(Action<WebApplication> pipeline)
    {
        WebApplication app = Builder.Build();
        pipeline(app);
        await StartAsync(app);
    }

    public async Task StartAsync(WebApplication app)
    {
        _app = app;
        await app.StartAsync();
        _client = app.GetTestClient();
    }

    public Task<HttpResponseMessage> GetAsync(string path, string user = "alice") => SendAsync(HttpMethod.Get, path, null, ("X-User-ID", user));

    public Task<HttpResponseMessage> PostAsync(string path, string? body = null, string user = "alice") =>
        SendAsync(HttpMethod.Post, path, body, ("X-User-ID", user));

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(method, path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        foreach ((string name, string value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return await _client!.SendAsync(request);
    }

    /// <summary>What a budget has used, in its unit.</summary>
    public async Task<decimal> SettledAsync(string budget, BudgetSubject subject, string operation = "api_call", string? model = null)
    {
        BudgetRequest request = new() { Subject = subject, Operation = operation, Model = model };
        IReadOnlyList<BudgetBalance> balances = await Services.GetRequiredService<IBudgetGuard>().ReadAsync(request);
        BudgetBalance balance = Assert.Single(balances, balance => balance.Budget == budget);
        Assert.Equal(0m, balance.Held);
        return balance.Settled;
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
    }
}
