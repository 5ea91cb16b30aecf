using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Frameworks.Tests.Rig;

/// <summary>The app of the other frameworks on ASP.NET Core, with the guard in the app itself.</summary>
internal sealed class AspNetCoreApp : IFrameworkApp
{
    private readonly WebApplication _app;

    private AspNetCoreApp(WebApplication app)
    {
        _app = app;
        Uri address = new(app.Urls.First());
        Client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 200 }) { BaseAddress = address };
        Ledger = new Ledger(address, null);
    }

    public HttpClient Client { get; }

    public Ledger Ledger { get; }

    public static async Task<AspNetCoreApp> StartAsync(Setup setup)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(Budgets.Settings);
        builder.Configuration["BudgetGuard:FailOpen"] = setup is Setup.DownClosed or Setup.SilentClosed ? "false" : "true";
        if (setup == Setup.OnlyApi)
        {
            builder.Configuration["BudgetGuard:IncludeOnlyPaths:0"] = "/api";
        }

        if (setup is Setup.DownOpen or Setup.DownClosed or Setup.SilentClosed)
        {
            builder.Services.AddSingleton<ICostTracker>(new LostTracker(isSilent: setup == Setup.SilentClosed));
        }

        builder.Services.AddBudgetGuard(static options => options.ExcludePaths = ["/health", "/metrics", "/status", "/bill", "/budgetguard"])
            .UseUserExtractor(static context => context.Request.Headers["X-Test-User"])
            .UseOperationExtractor(static context => context.Request.Headers["X-Test-Operation"])
            .UseModelExtractor(static context => context.Request.Headers["X-Test-Model"])
            .UseCostEstimator(static context =>
                decimal.TryParse(context.Request.Headers["X-Test-Estimate"], CultureInfo.InvariantCulture, out decimal usd) ? usd : null);
        WebApplication app = builder.Build();
        app.UseRouting();
        app.UseBudgetGuard();
        var bill = new Bill();
        app.MapGet("/health", static () => "ok");
        app.MapGet("/bill", bill.ToJson);
        app.MapMethods("/api/work", ["GET", "HEAD", "OPTIONS"], static () => Results.Json(new { done = true }));
        app.MapPost("/api/work", (HttpContext context) => WorkAsync(context, bill));
        app.MapPost("/other/work", (HttpContext context) => WorkAsync(context, bill));
        app.MapBudgetGuardApi("/budgetguard/api");
        await app.StartAsync();
        return new AspNetCoreApp(app);
    }

    public void Kill() => throw new NotSupportedException("Its budgets end with it.");

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Ledger.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static async Task WorkAsync(HttpContext context, Bill bill)
    {
        using JsonDocument todo = await JsonDocument.ParseAsync(context.Request.Body);
        JsonElement root = todo.RootElement;
        bill.Count();
        if (root.TryGetProperty("stream", out JsonElement chunks))
        {
            for (int i = 1; i <= chunks.GetInt32(); i++)
            {
                await context.Response.WriteAsync($"chunk {i}\n");
                await context.Response.Body.FlushAsync();
            }

            Report(context, root, bill);
            return;
        }

        Report(context, root, bill);
        if (root.TryGetProperty("hang", out _))
        {
            await context.Response.WriteAsync("started\n");
            await context.Response.Body.FlushAsync();
            await Task.Delay(TimeSpan.FromSeconds(30), context.RequestAborted);
        }

        if (root.TryGetProperty("fail", out _))
        {
            throw new InvalidOperationException("The handler fails.");
        }

        await context.Response.WriteAsJsonAsync(new { done = true });
    }

    private static void Report(HttpContext context, JsonElement todo, Bill bill)
    {
        IBudgetGuardFeature guard = context.GetBudgetGuard()!;
        if (todo.TryGetProperty("report", out JsonElement cost))
        {
            decimal usd = decimal.Parse(cost.GetString()!, CultureInfo.InvariantCulture);
            bill.Add(usd);
            guard.ReportCost(usd);
        }

        if (todo.TryGetProperty("usage", out JsonElement usage))
        {
            guard.ReportUsage(new TokenUsage
            {
                Model = todo.GetProperty("model").GetString(),
                InputTokens = usage.GetProperty("prompt_tokens").GetInt64(),
                OutputTokens = usage.GetProperty("completion_tokens").GetInt64(),
            });
        }
    }

    private sealed class Bill
    {
        private readonly Lock _gate = new();
        private int _calls;
        private decimal _cost;

        public void Count() => Interlocked.Increment(ref _calls);

        public void Add(decimal usd)
        {
            lock (_gate)
            {
                _cost += usd;
            }
        }

        public IResult ToJson() => Results.Json(new { calls = _calls, cost = _cost.ToString(CultureInfo.InvariantCulture) });
    }
}
