using System.Globalization;
using System.Net;
using System.Text.Json;
using BudgetGuard.Redis.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Conformance;

/// <summary>A guarded app with the API, whatever keeps its accounts and its history.</summary>
public abstract class HistoryRig : IAsyncDisposable
{
    public const decimal Estimate = 0.05m;

    public static readonly DateTimeOffset Start = new(2027, 3, 30, 20, 0, 0, TimeSpan.Zero);

    private WebApplication? _app;
    private HttpClient _client = new();

    public FakeTimeProvider Time { get; } = new(Start);

    public virtual bool IsDurable => true;

    public async Task StartAsync()
    {
        await PrepareAsync();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["BudgetGuard:DefaultCost"] = Estimate.ToString(CultureInfo.InvariantCulture),
            ["BudgetGuard:StoreTimeout"] = "00:00:10",
            ["BudgetGuard:Budgets:own:Limit"] = "1",
            ["BudgetGuard:Budgets:own:Period"] = "Total",
            ["BudgetGuard:Budgets:own:Per"] = "User",
        });
        builder.Services.AddSingleton<TimeProvider>(Time);
        Use(builder.Services.AddBudgetGuard());
        _app = builder.Build();
        _app.UseBudgetGuard();
        _app.MapBudgetGuardApi();
        foreach (string operation in (string[])["chat", "embed"])
        {
            _app.MapPost("/" + operation, static (HttpContext context, decimal cost) => context.GetBudgetGuard()!.ReportCost(cost)).WithOperation(operation);
        }

        await _app.StartAsync();
        _client = new HttpClient { BaseAddress = new Uri(_app.Urls.Single()) };
    }

    /// <summary>A new process on the same accounts and history.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    /// <summary>True where a request was let through.</summary>
    public async Task<bool> AskAsync(string user, string operation, decimal cost)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, string.Create(CultureInfo.InvariantCulture, $"/{operation}?cost={cost}"));
        request.Headers.TryAddWithoutValidation("X-User-ID", user);
        using HttpResponseMessage answer = await _client.SendAsync(request);
        Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.PaymentRequired, answer.ToString());
        return answer.StatusCode == HttpStatusCode.OK;
    }

    /// <summary>The rows of an answer of the API.</summary>
    public async Task<IReadOnlyList<JsonElement>> GetAsync(string path)
    {
        string body = await _client.GetStringAsync(new Uri("/budgetguard/api" + path, UriKind.Relative));
        using JsonDocument document = JsonDocument.Parse(body);
        return [.. document.RootElement.Clone().EnumerateArray()];
    }

    public virtual async ValueTask DisposeAsync()
    {
        await StopAsync();
        GC.SuppressFinalize(this);
    }

    protected virtual Task PrepareAsync() => Task.CompletedTask;

    protected abstract void Use(IBudgetGuardBuilder guard);

    private async Task StopAsync()
    {
        _client.Dispose();
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }
    }
}

public sealed class MemoryHistoryRig : HistoryRig
{
    public override bool IsDurable => false;

    protected override void Use(IBudgetGuardBuilder guard)
    {
        // What is used where nothing else is said.
    }
}

public sealed class SqliteHistoryRig : HistoryRig
{
    private readonly string _folder = Directory.CreateTempSubdirectory("budgetguard-").FullName;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    protected override void Use(IBudgetGuardBuilder guard) => guard.UseSqlite(options => options.Path = Path.Combine(_folder, "budgets.db"));
}

public sealed class RedisHistoryRig : HistoryRig
{
    private readonly string _tree = Guid.NewGuid().ToString("N");
    private RedisServer? _server;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    protected override async Task PrepareAsync() => _server ??= await RedisServer.StartAsync();

    protected override void Use(IBudgetGuardBuilder guard) => guard.UseRedis(options => (options.ConnectionString, options.Tree) = (_server!.Address, _tree));
}
